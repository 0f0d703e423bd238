package quickstart

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"pipecd/cmd/terminal"
	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// teller tells people how deployments go, each change once.
type teller struct {
	paint terminal.Paint
	told  map[string]map[string]string // deployment id → stage id → status
	ended map[string]bool              // by deployment id
}

func newTeller(p terminal.Paint) *teller {
	return &teller{paint: p, told: map[string]map[string]string{}, ended: map[string]bool{}}
}

// news returns a line for everything that is new since the last look at the
// deployment. One that waits for its turn is no news yet.
func (t *teller) news(d *modelpb.Deployment) []string {
	if t.ended[d.GetId()] || d.GetStatus() == modelpb.DeploymentStatus_DEPLOYMENT_PENDING {
		return nil
	}
	var lines []string
	told, known := t.told[d.GetId()]
	if !known {
		told = map[string]string{}
		t.told[d.GetId()] = told
		lines = append(lines, "• deployment "+d.GetId()+": "+terminal.Printable(d.GetSummary()))
	}
	for _, s := range d.GetStages() {
		st := stageStatus(s)
		if told[s.GetId()] == st || !began(s) {
			continue
		}
		told[s.GetId()] = st
		lines = append(lines, t.stage(s))
	}
	if completed(d) {
		t.ended[d.GetId()] = true
		lines = append(lines, fmt.Sprintf("• %s after %s: %s", t.paint.Status(status(d)), duration(d), reasonWithout(d)))
	}
	return lines
}

// began reports whether the stage has run. Those behind a failed one are
// cancelled without having.
func began(s *modelpb.PipelineStage) bool {
	switch model.StageStatus(s.GetStatus()) {
	case model.StageNotStarted:
		return false
	case model.StageCancelled, model.StageSkipped:
		return !startOf(s).IsZero()
	case model.StageRunning, model.StageSuccess, model.StageFailure, model.StageExited:
	}
	return true
}

// startOf is when the stage began, which the agent notes in its metadata.
func startOf(s *modelpb.PipelineStage) time.Time {
	seconds, err := strconv.ParseInt(s.GetMetadata()["startTime"], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

func (t *teller) stage(s *modelpb.PipelineStage) string {
	const widest = len("SUCCESS")
	st := stageStatus(s)
	line := fmt.Sprintf("  %-20s %s", s.GetName(), t.paint.Status(st))
	if s.GetStatus() == modelpb.StageStatus_STAGE_RUNNING {
		return line
	}
	took := ""
	if start := startOf(s); !start.IsZero() && s.GetCompletedAt() > 0 {
		took = time.Unix(s.GetCompletedAt(), 0).Sub(start).String()
	}
	line += strings.Repeat(" ", max(0, widest-len(st))) + fmt.Sprintf("  %4s  ", took)
	return strings.TrimRight(line+terminal.Printable(s.GetStatusReason()), " ")
}

// reasonWithout is why the deployment ended as it did, without repeating what a
// stage's line has just said.
func reasonWithout(d *modelpb.Deployment) string {
	reason := d.GetStatusReason()
	for _, s := range d.GetStages() {
		if r := s.GetStatusReason(); r != "" && s.GetStatus() == modelpb.StageStatus_STAGE_FAILURE {
			reason = strings.Replace(reason, ": "+r, " as said above", 1)
		}
	}
	return terminal.Printable(reason)
}

// duration is how long the deployment took, from its record to its end.
func duration(d *modelpb.Deployment) time.Duration {
	return time.Duration(d.GetCompletedAt()-d.GetCreatedAt()) * time.Second
}

func completed(d *modelpb.Deployment) bool {
	return model.DeploymentStatus(d.GetStatus()).IsCompleted()
}

func status(d *modelpb.Deployment) string { return model.DeploymentStatus(d.GetStatus()).String() }

func stageStatus(s *modelpb.PipelineStage) string { return model.StageStatus(s.GetStatus()).String() }
