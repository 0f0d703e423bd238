package config

import (
	"pipecd/pkg/model"
)

// walk follows the canary through the stages without running them, and warns
// where a deployment would leave requests without a server.
func (p *Pipeline) walk(d *document, path string) {
	var weight Percent // of the canary
	routed := -1       // the stage that gave it
	for i, s := range p.Stages {
		at := indexPath(path, i)
		switch s.Name {
		case model.StageECSTrafficRouting:
			if routing, ok := s.With.(*TrafficRouting); ok {
				_, weight = routing.Weights()
				routed = i
			}
		case model.StageECSCanaryClean:
			if weight > 0 {
				d.warnf(at, "the canary is removed while it still gets %s of the requests, given by %s", weight, indexPath(path, routed)).
					hint("put ECS_TRAFFIC_ROUTING with primary: 100 before it")
			}
		default:
		}
	}
	if weight > 0 {
		d.warnf(indexPath(path, routed), "the pipeline ends while the canary still gets %s of the requests", weight).
			hint("end it with ECS_TRAFFIC_ROUTING with primary: 100 and ECS_CANARY_CLEAN")
	}
}
