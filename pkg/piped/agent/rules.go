package agent

import (
	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/piped/appsource"
	"pipecd/pkg/platform"
	"pipecd/pkg/platform/ecs"
)

// Rules are what an agent of that configuration asks of application files
// beside the files' own rules. Nothing is called.
func Rules(cfg *config.Piped) appsource.Rules { return rulesOf(cfg) }

func rulesOf(cfg *config.Piped) rules {
	out := rules{analysis: map[string]config.AnalysisProvider{}}
	for _, a := range cfg.AnalysisProviders {
		out.analysis[a.Name] = a
	}
	return out
}

type rules struct {
	analysis map[string]config.AnalysisProvider
}

// CheckAnalysis implements appsource.Rules.
func (r rules) CheckAnalysis(name string) error {
	a, ok := r.analysis[name]
	if !ok {
		return model.Errorf(model.CodeInvalid, "unknown analysis provider %q: the piped file has %s", name, names(r.analysis))
	}
	if a.Datadog == nil {
		return model.Errorf(model.CodeInvalid, "analysis provider %q is of type %s, which is not supported yet; DATADOG is", name, a.Type)
	}
	return nil
}

// CheckDefinitions implements appsource.Rules.
func (rules) CheckDefinitions(app platform.Application, src platform.Source) config.Problems {
	return ecs.CheckDefinitions(app, src)
}
