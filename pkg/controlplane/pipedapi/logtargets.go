package pipedapi

import (
	"sync"

	"pipecd/pkg/model"
)

// maxLogTargets bounds how many deployments are remembered; one more costs a
// reading.
const maxLogTargets = 4096

// logTargets remembers whose a deployment is, which never changes, and which
// stages it was planned with, so that a stage's log, which comes line by line, does
// not cost a reading of the whole deployment for each. The zero value is ready to use; it is
// safe for concurrent use.
type logTargets struct {
	mu          sync.Mutex
	deployments map[string]logTarget
}

type logTarget struct {
	pipedID string
	stages  map[string]struct{}
}

// has reports whether it is known that the agent has the deployment, with the
// stage. What is not known has to be looked up.
func (l *logTargets) has(pipedID, deploymentID, stageID string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	target := l.deployments[deploymentID]
	_, ok := target.stages[stageID]
	return ok && target.pipedID == pipedID
}

func (l *logTargets) remember(d *model.Deployment) {
	target := logTarget{pipedID: d.PipedID, stages: make(map[string]struct{}, len(d.Stages))}
	for _, stage := range d.Stages {
		target.stages[stage.ID] = struct{}{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.deployments == nil {
		l.deployments = make(map[string]logTarget)
	}
	for old := range l.deployments {
		if len(l.deployments) < maxLogTargets {
			break
		}
		delete(l.deployments, old)
	}
	l.deployments[d.ID] = target
}
