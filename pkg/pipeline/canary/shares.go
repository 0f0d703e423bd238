package canary

import (
	"slices"
	"strconv"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// sharesSoFar are the shares at which this deployment left the groups last, the
// latest first: what a rule may show unless somebody else moved requests. A stage
// that began and did not finish may have left its own or those before it. It is
// empty when the rules did not agree before the deployment and nothing gave them
// the same since.
func (r rollout) sharesSoFar() []platform.Weights {
	var out []platform.Weights
	if r.run.Steps != nil && r.run.Steps.Has(stepToPrevious) {
		out = append(out, allCanary())
	}
	d := r.run.Deployment
	for i := range slices.Backward(d.Stages) {
		s := &d.Stages[i]
		if s.ID == r.run.Stage.ID || s.Status == model.StageNotStarted {
			continue
		}
		w, moves := sharesOf(s, r.run.Baseline)
		if !moves {
			continue
		}
		out = append(out, w)
		if s.Status == model.StageSuccess {
			return out
		}
		if wentToPrevious(s) {
			out = append(out, allCanary())
		}
	}
	if r.run.Baseline.Uneven {
		return nil
	}
	return append(out, r.run.Baseline.Weights)
}

// sharesOf returns the shares that a stage gives the groups, if it moves requests.
func sharesOf(s *model.Stage, b platform.Baseline) (platform.Weights, bool) {
	switch s.Name {
	case model.StageECSTrafficRouting:
		primary, errP := strconv.Atoi(s.Metadata[model.MetadataPrimaryPercentage])
		canary, errC := strconv.Atoi(s.Metadata[model.MetadataCanaryPercentage])
		return platform.Weights{Primary: primary, Canary: canary}, errP == nil && errC == nil
	case model.StageECSSync:
		return allPrimary(), true
	case model.StageECSCanaryRollout: // takes requests from what an earlier deployment left
		return allPrimary(), b.Weights.Canary > 0 && b.PrimaryID != ""
	default:
		return platform.Weights{}, false
	}
}
