package config

import (
	"pipecd/pkg/model"
)

// walkBaseline reports a baseline that could not start, or that nothing removes.
func (p *Pipeline) walkBaseline(d *document, path string) {
	started, promoted := -1, -1
	for i, s := range p.Stages {
		at := indexPath(path, i)
		switch s.Name {
		case model.StageECSBaselineRollout:
			if promoted >= 0 {
				d.Errorf(at, "the running version is replaced by %s already, so there is none for a baseline", indexPath(path, promoted)).
					hintf("put the stage before it")
				continue
			}
			started = i
		case model.StageECSBaselineClean:
			started = -1
		case model.StageECSPrimaryRollout, model.StageECSSync:
			started, promoted = -1, i
		default:
		}
	}
	if started >= 0 {
		d.Warnf(indexPath(path, started), "the pipeline ends while the baseline still runs").hintf("end it with ECS_BASELINE_CLEAN")
	}
}

// walk follows the canary through the stages without running them, and reports
// where a deployment would leave requests without a server.
func (p *Pipeline) walk(d *document, path string) {
	var weight Percent // of the canary
	routed := -1       // the stage that gave it
	empty := -1        // the stage that started a canary without tasks
	for i, s := range p.Stages {
		at := indexPath(path, i)
		switch s.Name {
		case model.StageECSCanaryRollout:
			empty = -1
			if rollout, ok := s.With.(*CanaryRolloutOptions); ok && rollout.Scale == 0 {
				empty = i
			}
		case model.StageECSTrafficRouting:
			routing, ok := s.With.(*TrafficRouting)
			if !ok {
				continue
			}
			_, weight = routing.Weights()
			routed = i
			if weight > 0 && empty >= 0 && !d.has(indexPath(path, empty)+".with.scale") {
				d.Errorf(at+".with", "the canary gets %s of the requests, but %s gives it no scale, so it has no task to answer them", weight, indexPath(path, empty)).
					hintf("set with.scale of that stage")
			}
		case model.StageECSCanaryClean:
			if weight > 0 {
				d.Warnf(at, "the canary is removed while it still gets %s of the requests, given by %s", weight, indexPath(path, routed)).
					hintf("put ECS_TRAFFIC_ROUTING with primary: 100 before it")
			}
		default:
		}
	}
	if weight > 0 {
		d.Warnf(indexPath(path, routed), "the pipeline ends while the canary still gets %s of the requests", weight).
			hintf("end it with ECS_TRAFFIC_ROUTING with primary: 100 and ECS_CANARY_CLEAN")
	}
}
