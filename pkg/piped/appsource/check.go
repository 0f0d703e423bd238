package appsource

import (
	"cmp"
	"fmt"
	"io/fs"

	"pipecd/pkg/analysis"
	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// loader looks at a configuration file together with what it is about.
type loader struct {
	tree  fs.FS
	app   *model.Application
	rules Rules

	files   files
	input   config.ECSInput
	service string // paths in the repository of the definitions that were read
	task    string
	unread  error // a file that could not be read now
}

// check is the Check that every load makes: it reads the definitions, refuses
// what would make a deployment do less than the file says, and tells where the
// registration of the application wins over the file.
func (l *loader) check(cfg *config.ECSApp, r *config.Report) {
	l.input = cfg.Input
	l.checkInput(&cfg.Input, r)
	if cfg.Pipeline == nil {
		return
	}
	for i, s := range cfg.Pipeline.Stages {
		field := fmt.Sprintf("spec.pipeline.stages[%d]", i)
		switch s.Name {
		case config.StageCustomSync:
			r.Errorf(field+".name", "stage %s is not run", s.Name).Hint = "use ECS_SYNC or a canary for the service, and SCRIPT_RUN, which has run, env, timeout and onRollback, for the rest"
		case model.StageAnalysis:
			l.checkAnalysis(field+".with", s.With, r)
		default:
		}
	}
}

func (l *loader) checkInput(in *config.ECSInput, r *config.Report) {
	const field = "spec.input"
	l.service = l.read(r, field+".serviceDefinitionFile", in.ServiceDefinitionFile)
	l.task = l.read(r, field+".taskDefinitionFile", in.TaskDefinitionFile)
}

func (l *loader) checkAnalysis(field string, with config.StageOptions, r *config.Report) {
	opts, ok := with.(*config.AnalysisOptions)
	if !ok {
		return
	}
	if len(opts.Logs)+len(opts.HTTPS) > 0 {
		r.Errorf(field, "log and HTTP checks are not supported yet, metrics are")
	}
	for i, m := range opts.Metrics {
		at := fmt.Sprintf("%s.metrics[%d]", field, i)
		if m.Template.Name != "" {
			r.Errorf(at+".template", "analysis templates are not supported yet: write the metric into the stage")
			continue
		}
		if m.Strategy != "" && m.Strategy != config.StrategyThreshold {
			r.Errorf(at+".strategy", "strategy %s is not supported yet, THRESHOLD is", m.Strategy)
		}
		if m.Query != "" {
			l.checkQuery(at+".query", m.Query, m.PrimaryArgs, r)
		}
		if m.Provider == "" {
			continue // reported
		}
		if err := l.rules.CheckAnalysis(m.Provider); err != nil {
			r.Errorf(at+".provider", "%s", err)
		}
	}
}

// checkQuery refuses a query that cannot be made of its template. A threshold is
// rendered as the primary's.
func (l *loader) checkQuery(field, query string, args map[string]string, r *config.Report) {
	var data analysis.QueryData
	data.App.Name = cmp.Or(l.app.Name, "application")
	data.Variant.Name = string(platform.RolePrimary)
	data.VariantCustomArgs = args
	if _, err := analysis.RenderQuery(query, data); err != nil {
		r.Errorf(field, "%s", err)
	}
}
