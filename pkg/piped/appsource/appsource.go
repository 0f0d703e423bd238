// Package appsource reads an application's files at a commit: its configuration
// file, checked also against what this agent is configured with, and the
// definitions it names.
package appsource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
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
	files    directory
}

// Load reads the application's configuration file in tree, the root of the
// repository at a commit. CodeInvalid lists every problem of the file with its
// place, CodeNotFound says that there is no file.
func Load(tree fs.FS, app *model.Application, providers Providers) (*Source, error) {
	name := app.GitPath.ConfigPath()
	data, err := fs.ReadFile(tree, name)
	if err != nil {
		code := model.CodeOf(err)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			code = model.CodeNotFound
		case code == model.CodeExhausted:
			code = model.CodeInvalid // too large, and the file of a commit does not become smaller
		}
		return nil, model.Errorf(code, "the application's configuration file %s cannot be read: %w", name, err)
	}
	cfg, problems := config.LoadECSApp(name, data)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	p, err := providers.Platform(app.PlatformProvider)
	if err != nil {
		return nil, err
	}
	if err := checkSupported(name, cfg, providers); err != nil {
		return nil, err
	}
	return &Source{Config: cfg, Warnings: problems.Warnings(), platform: p, files: directory{tree, app.GitPath.Dir()}}, nil
}

// checkSupported refuses what would make a deployment do less than the file
// says. What merely has no effect was warned about.
func checkSupported(name string, cfg *config.ECSApp, providers Providers) error {
	var problems config.Problems
	fail := func(field, format string, args ...any) {
		problems = append(problems, config.Problem{File: name, Field: field, Message: fmt.Sprintf(format, args...), Severity: config.SeverityError})
	}
	if cfg.Input.AccessType == config.AccessServiceDiscovery {
		fail("spec.input.accessType", "SERVICE_DISCOVERY is not supported yet, ELB is")
	}
	if cfg.Input.IsStandaloneTask() {
		fail("spec.input.serviceDefinitionFile", "is required: standalone tasks are not supported yet")
	}
	if cfg.Pipeline != nil {
		for i, s := range cfg.Pipeline.Stages {
			field := fmt.Sprintf("spec.pipeline.stages[%d]", i)
			switch s.Name {
			case config.StageScriptRun, config.StageCustomSync:
				fail(field+".name", "stage %s is not supported yet", s.Name)
			case model.StageAnalysis:
				checkAnalysis(field+".with", s.With, providers, fail)
			default:
			}
		}
	}
	return problems.Err()
}

func checkAnalysis(field string, with config.StageOptions, providers Providers, fail func(field, format string, args ...any)) {
	opts, ok := with.(*config.AnalysisOptions)
	if !ok {
		return
	}
	if len(opts.Logs)+len(opts.HTTPS) > 0 {
		fail(field, "log and HTTP checks are not supported yet, metrics are")
	}
	for i, m := range opts.Metrics {
		at := fmt.Sprintf("%s.metrics[%d]", field, i)
		if m.Template.Name != "" {
			fail(at+".template", "analysis templates are not supported yet: write the metric into the stage")
			continue
		}
		if m.Strategy != "" && m.Strategy != config.StrategyThreshold {
			fail(at+".strategy", "strategy %s is not supported yet, THRESHOLD is", m.Strategy)
		}
		if err := providers.CheckAnalysis(m.Provider); err != nil {
			fail(at+".provider", "%s", err)
		}
	}
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
		ServiceFile: in.ServiceDefinitionFile,
		TaskFile:    in.TaskDefinitionFile,
		TargetGroups: platform.TargetGroups{
			Primary: group(in.TargetGroups.Primary),
			Canary:  group(in.TargetGroups.Canary),
		},
	}, s.files)
}

// Versions returns the artifacts the definitions name.
func (s *Source) Versions() ([]model.ArtifactVersion, error) {
	return s.platform.Versions(s.Config.Input.TaskDefinitionFile, s.files)
}

// Timeout is how long a deployment may take.
func (s *Source) Timeout() time.Duration { return time.Duration(s.Config.Timeout) }

func group(g *config.TargetGroup) *platform.TargetGroup {
	if g == nil {
		return nil
	}
	return &platform.TargetGroup{ARN: g.TargetGroupARN, ContainerName: g.ContainerName, ContainerPort: g.ContainerPort, LoadBalancerName: g.LoadBalancerName}
}

// directory reads files relative to the application's directory.
type directory struct {
	tree fs.FS
	dir  string
}

// ReadFile implements platform.Source. A name may lead out of the directory
// but not out of the repository.
func (d directory) ReadFile(name string) ([]byte, error) {
	full := path.Join(d.dir, name)
	if path.IsAbs(name) || !fs.ValidPath(full) {
		return nil, model.Errorf(model.CodeInvalid, "%q leads out of the repository", name)
	}
	return fs.ReadFile(d.tree, full)
}
