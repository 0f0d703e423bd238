package model

import (
	"cmp"
	"slices"
	"strconv"
)

// Keys of a stage's metadata that say how the traffic is shared. All values are
// decimal text.
const (
	// MetadataPrimaryPercentage and MetadataCanaryPercentage are what an ECS_TRAFFIC_ROUTING stage gives the primary and
	// the canary, in percent. PipeCD's agent writes the same keys.
	MetadataPrimaryPercentage = "primary-percentage"
	MetadataCanaryPercentage  = "canary-percentage"
	// MetadataCanaryScale is how large ECS_CANARY_ROLLOUT makes the canary, in percent of the primary.
	MetadataCanaryScale = "canary-scale"
	// MetadataBaselineScale is how large ECS_BASELINE_ROLLOUT makes the baseline, in percent of the primary.
	MetadataBaselineScale = "baseline-scale"
	// MetadataPlannedCanaryPercentage is what the new version is meant to get once the stage is done, in percent of the
	// traffic. The planner writes it on every stage.
	MetadataPlannedCanaryPercentage = "planned-canary-percentage"
	// MetadataObservedCanaryPercentage is what the new version really got, in percent of the traffic, as it was read back
	// at the load balancer when the stage ended.
	MetadataObservedCanaryPercentage = "observed-canary-percentage"
)

// CanaryShare returns how much of the traffic the new version was last given,
// in percent, and whether that is known. What was observed counts; where nobody
// looked, what the finished stages do does: a routing stage gives its share, one
// that makes the new version the primary gives everything, whatever the groups
// are given from then on, and a rollback takes everything back.
func (d *Deployment) CanaryShare() (percent int32, known bool) {
	stages := slices.Clone(d.Stages)
	slices.SortStableFunc(stages, InOrder)
	promoted := false
	for _, s := range stages {
		if p, ok := s.canaryShare(promoted); ok {
			percent, known = p, true
		}
		promoted = promoted || s.Name.promotes() && s.Status == StageSuccess
	}
	return percent, known
}

// PlanShares writes on each stage what the new version is meant to get once it
// is done. given says what the stages that route give the canary's group, by
// their position. The stages are in the order of the pipeline.
func PlanShares(stages []Stage, given func(i int) int32) {
	const all = 100
	var share int32
	promoted := false
	for i := range stages {
		s := &stages[i]
		promoted = promoted || s.Name.promotes()
		switch {
		case s.Rollback:
			share = 0
		case promoted:
			share = all
		case s.Name == StageECSTrafficRouting:
			share = given(i)
		}
		if s.Metadata == nil {
			s.Metadata = map[string]string{}
		}
		s.Metadata[MetadataPlannedCanaryPercentage] = strconv.Itoa(int(share))
	}
}

// Promoted reports whether a stage has made the new version the primary.
func (d *Deployment) Promoted() bool {
	return slices.ContainsFunc(d.Stages, func(s Stage) bool { return s.Name.promotes() && s.Status == StageSuccess })
}

// promotes reports whether the stage makes the new version the primary.
func (n StageName) promotes() bool { return n == StageECSSync || n == StageECSPrimaryRollout }

// InOrder compares stages by their place in the pipeline. It puts the rollback
// last, whatever its index: it runs after the others.
func InOrder(a, b Stage) int {
	switch {
	case a.Rollback != b.Rollback && a.Rollback:
		return 1
	case a.Rollback != b.Rollback:
		return -1
	default:
		return cmp.Compare(a.Index, b.Index)
	}
}

func (s Stage) canaryShare(promoted bool) (percent int32, known bool) {
	if p, ok := parsePercent(s.Metadata[MetadataObservedCanaryPercentage]); ok {
		return p, true
	}
	if s.Status != StageSuccess {
		return 0, false
	}
	switch s.Name {
	case StageECSTrafficRouting:
		if promoted {
			return 100, true
		}
		return parsePercent(s.Metadata[MetadataCanaryPercentage])
	case StageECSSync, StageECSPrimaryRollout:
		return 100, true
	case StageRollback:
		return 0, true
	case StageECSCanaryRollout, StageECSCanaryClean, StageECSBaselineRollout, StageECSBaselineClean,
		StageWait, StageWaitApproval, StageAnalysis, StageScriptRun:
		return 0, false
	default:
		return 0, false
	}
}

// parsePercent reads a share; what is not between 0 and 100 is unknown.
func parsePercent(text string) (int32, bool) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 || n > 100 {
		return 0, false
	}
	return int32(n), true
}
