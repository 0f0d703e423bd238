// Package appsource reads an application's files at a commit: its configuration
// file, checked also against what this agent is configured with, and the
// definitions it names.
package appsource

import (
	"cmp"
	"context"
	"io/fs"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// Providers is what the agent is configured with.
type Providers interface {
	// Platform returns what opens targets of the named ECS provider.
	Platform(name string) (Platform, error)
	// CheckAnalysis refuses a name that no analysis provider has.
	CheckAnalysis(name string) error
}

// Platform opens targets and reads the versions of a definition.
type Platform interface {
	platform.Opener
	platform.Versions
}

// Source is an application at one commit.
type Source struct {
	Config   *config.ECSApp
	Warnings config.Problems
	platform Platform
	service  string // paths in the repository
	task     string
	files    files
}

// Check is a rule that the caller has beside those of the file.
type Check = config.Check[config.ECSApp]

// Load reads the application's configuration file in tree, the root of the
// repository at a commit, and the definitions it names. CodeInvalid lists every
// problem of the file with its place, those that checks find included;
// CodeNotFound says that there is no file. CodeUnavailable says that a file
// could not be read now, which tells nothing of what is in it: try again.
func Load(tree fs.FS, app *model.Application, providers Providers, checks ...Check) (*Source, error) {
	name := app.GitPath.ConfigPath()
	data, err := readFile(tree, name)
	switch {
	case model.CodeOf(err) == model.CodeNotFound:
		return nil, model.Errorf(model.CodeNotFound,
			"the application's configuration file %s does not exist: add it, or correct the path that the application is registered with; %w", name, err)
	case err != nil:
		return nil, model.Errorf(model.CodeOf(err), "the application's configuration file %s cannot be read: %w", name, err)
	}
	l := loader{tree: tree, app: app, providers: providers, files: files{}}
	cfg, problems := config.LoadECSApp(name, data, append([]Check{l.check}, checks...)...)
	if err := cmp.Or(problems.Err(), l.unread); err != nil {
		return nil, err
	}
	p, err := providers.Platform(app.PlatformProvider)
	if err != nil {
		return nil, err
	}
	return &Source{
		Config: cfg, Warnings: problems.Warnings(), platform: p, files: l.files,
		service: l.path(cfg.Input.ServiceDefinitionFile), task: l.path(cfg.Input.TaskDefinitionFile),
	}, nil
}

// Open parses the definitions the configuration names.
func (s *Source) Open(ctx context.Context, id platform.Identity) (platform.Target, error) {
	in := s.Config.Input
	notes := make([]string, 0, len(s.Warnings))
	for _, w := range s.Warnings {
		notes = append(notes, w.String())
	}
	return s.platform.Open(ctx, platform.Application{
		Notes:       notes,
		Identity:    id,
		ServiceFile: s.service,
		TaskFile:    s.task,
		TargetGroups: platform.TargetGroups{
			Primary: group(in.TargetGroups.Primary),
			Canary:  group(in.TargetGroups.Canary),
		},
	}, s.files)
}

// Versions returns the artifacts the definitions name.
func (s *Source) Versions() ([]model.ArtifactVersion, error) {
	return s.platform.Versions(s.task, s.files)
}

// Timeout is how long a deployment may take.
func (s *Source) Timeout() time.Duration { return time.Duration(s.Config.Timeout) }

func group(g *config.TargetGroup) *platform.TargetGroup {
	if g == nil {
		return nil
	}
	return &platform.TargetGroup{ARN: g.TargetGroupARN, ContainerName: g.ContainerName, ContainerPort: g.ContainerPort, LoadBalancerName: g.LoadBalancerName}
}
