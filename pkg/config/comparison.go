package config

import (
	"fmt"
	"strings"

	"pipecd/pkg/model"
)

// comparisons follows the variants through the stages, and reports analyses
// that can never tell a good version from a bad one.
func (p *Pipeline) comparisons(d *document, path string) {
	running := map[string]bool{"primary": true}
	for i, s := range p.Stages {
		switch s.Name {
		case model.StageECSCanaryRollout:
			running["canary"] = true
		case model.StageECSCanaryClean:
			running["canary"] = false
		case model.StageECSBaselineRollout:
			running["baseline"] = true
		case model.StageECSBaselineClean:
			running["baseline"] = false
		case model.StageAnalysis:
			opts, ok := s.With.(*AnalysisOptions)
			if !ok {
				continue
			}
			at := indexPath(path, i) + ".with"
			for j, m := range opts.Metrics {
				if m.Template.Name == "" {
					m.checkComparison(d, indexPath(at+".metrics", j), running)
					m.checkFailing(d, indexPath(at+".metrics", j), opts.Duration)
				}
			}
		default:
		}
	}
}

// checkComparison checks that two variants are compared, and that both run.
func (m *Metric) checkComparison(d *document, path string, running map[string]bool) {
	var control string
	switch m.Strategy {
	case StrategyCanaryBaseline:
		control = "baseline"
	case StrategyCanaryPrimary:
		control = "primary"
	case StrategyThreshold, StrategyPrevious:
		return
	}
	for _, variant := range []string{"canary", control} {
		if !running[variant] {
			d.Warnf(path+".strategy", "no %s runs at this stage, so there is nothing to compare", variant).
				hintf("put %s before it, and %s behind it", "ECS_"+strings.ToUpper(variant)+"_ROLLOUT", "ECS_"+strings.ToUpper(variant)+"_CLEAN")
		}
	}
	if m.Query != "" && !strings.Contains(m.Query, "{{") {
		d.Errorf(path+".query", "the query is the same for the canary and the %s, so comparing them never fails", control).
			hintf("name the variant in it, with {{ .Variant.Name }} or with {{ .VariantCustomArgs.x }} and canaryArgs and %sArgs", control)
	}
}

// checkFailing checks that there are more checks than may fail.
func (m *Metric) checkFailing(d *document, path string, duration Duration) {
	if m.Interval <= 0 || duration < m.Interval {
		return // reported
	}
	if checks := int64(duration / m.Interval); int64(m.FailureLimit) >= checks {
		d.Warnf(path+".failureLimit", "%s and %d may fail, so the metric never fails", plural(checks, "check is made", "checks are made"), m.FailureLimit).
			hintf("write less than %d, or make the interval shorter", checks)
	}
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
