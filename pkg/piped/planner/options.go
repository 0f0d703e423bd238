package planner

import (
	"strconv"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
)

// shownOptions are the options of a stage that people are shown before it runs,
// nil when there are none.
func shownOptions(s config.Stage) map[string]string {
	switch o := s.With.(type) {
	case *config.CanaryRolloutOptions:
		if o.Scale > 0 {
			return map[string]string{model.MetadataCanaryScale: strconv.Itoa(int(o.Scale))}
		}
	case *config.BaselineRolloutOptions:
		return map[string]string{model.MetadataBaselineScale: strconv.Itoa(int(o.Scale))}
	case *config.WaitOptions:
		return map[string]string{model.MetadataDuration: o.Duration.String()}
	case *config.AnalysisOptions:
		return map[string]string{model.MetadataDuration: o.Duration.String()}
	case *config.WaitApprovalOptions:
		if o.MinApproverNum > 1 {
			return map[string]string{model.MetadataMinApprovers: strconv.Itoa(o.MinApproverNum)}
		}
	}
	return nil
}
