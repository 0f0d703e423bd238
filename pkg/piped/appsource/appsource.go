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

// Rules are what an application's files are checked against beside the rules of
// the files themselves.
type Rules interface {
	// CheckAnalysis refuses a name that no analysis provider has.
	CheckAnalysis(name string) error
	// CheckDefinitions returns everything that is worth saying about the definitions, with places. One whose name is
	// empty is not looked at.
	CheckDefinitions(app platform.Application, src platform.Source) config.Problems
}

// Providers is what the agent is configured with.
type Providers interface {
	Rules
	// Platform returns what opens targets of the named ECS provider.
	Platform(name string) (Platform, error)
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
// problem of all these files with its place, those that checks find included;
// CodeNotFound says that there is no file. CodeUnavailable says that a file
// could not be read now, which tells nothing of what is in it: try again.
func Load(tree fs.FS, app *model.Application, providers Providers, checks ...Check) (*Source, error) {
	in, err := Inspect(tree, app, providers, checks...)
	if err := cmp.Or(in.Problems.Err(), err); err != nil {
		return nil, err
	}
	p, err := providers.Platform(app.PlatformProvider)
	if err != nil {
		return nil, err
	}
	in.source.platform = p
	return in.source, nil
}

// Open parses the definitions the configuration names.
func (s *Source) Open(ctx context.Context, id platform.Identity) (platform.Target, error) {
	notes := make([]string, 0, len(s.Warnings))
	for _, w := range s.Warnings {
		notes = append(notes, w.String())
	}
	app := application(s.Config.Input, s.service, s.task)
	app.Notes, app.Identity = notes, id
	return s.platform.Open(ctx, app, s.files)
}

// application is what the platform must know of the configuration.
func application(in config.ECSInput, serviceFile, taskFile string) platform.Application {
	app := platform.Application{
		ServiceFile:      serviceFile,
		TaskFile:         taskFile,
		ServiceDiscovery: in.AccessType == config.AccessServiceDiscovery,
	}
	if in.IsStandaloneTask() {
		app.Standalone = standalone(in)
	}
	if !app.ServiceDiscovery {
		app.TargetGroups = platform.TargetGroups{Primary: group(in.TargetGroups.Primary), Canary: group(in.TargetGroups.Canary)}
	}
	return app
}

// Versions returns the artifacts the definitions name.
func (s *Source) Versions() ([]model.ArtifactVersion, error) {
	return s.platform.Versions(s.task, s.files)
}

// Timeout is how long a deployment may take.
func (s *Source) Timeout() time.Duration { return time.Duration(s.Config.Timeout) }

func standalone(in config.ECSInput) *platform.StandaloneTask {
	out := &platform.StandaloneTask{Cluster: in.ClusterARN, LaunchType: in.LaunchType, Run: in.RunStandaloneTask}
	if n := in.AWSVPC; n != nil {
		out.Subnets, out.SecurityGroups, out.AssignPublicIP = n.Subnets, n.SecurityGroups, n.AssignPublicIP
	}
	return out
}

func group(g *config.TargetGroup) *platform.TargetGroup {
	if g == nil {
		return nil
	}
	return &platform.TargetGroup{ARN: g.TargetGroupARN, ContainerName: g.ContainerName, ContainerPort: g.ContainerPort, LoadBalancerName: g.LoadBalancerName}
}
