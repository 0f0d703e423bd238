package main

import (
	"io"
	"testing"
	"time"

	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
)

func block(index int64, text string) *modelpb.LogBlock {
	return &modelpb.LogBlock{Index: index, Log: text}
}

// wantVerdict checks that the ledger counted what is wrong, and only that.
func wantVerdict(t *testing.T, what string, lost, doubled int, broken func(w *world, a *agent)) {
	t.Helper()
	w := &world{ledger: newLedger(io.Discard)}
	broken(w, &agent{world: w, name: "agent"})
	if gotLost, gotDoubled := w.ledger.verdict(); gotLost != lost || gotDoubled != doubled {
		t.Errorf("%s: lost=%d doubled=%d, want %d and %d", what, gotLost, gotDoubled, lost, doubled)
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	want := map[int64]line{1: {"one", true}, 2: {"two", true}, 3: {text: "three"}}
	for what, c := range map[string]struct {
		lost, doubled int
		found         []*modelpb.LogBlock
	}{
		"all":             {0, 0, []*modelpb.LogBlock{block(1, "one"), block(2, "two"), block(3, "three")}},
		"not answered":    {0, 0, []*modelpb.LogBlock{block(1, "one"), block(2, "two")}},
		"one less":        {1, 0, []*modelpb.LogBlock{block(2, "two")}},
		"nothing":         {2, 0, nil},
		"one twice":       {0, 1, []*modelpb.LogBlock{block(1, "one"), block(1, "one"), block(2, "two")}},
		"out of order":    {0, 1, []*modelpb.LogBlock{block(2, "two"), block(1, "one")}},
		"another text":    {0, 1, []*modelpb.LogBlock{block(1, "other"), block(2, "two")}},
		"of nobody":       {0, 1, []*modelpb.LogBlock{block(1, "one"), block(2, "two"), block(9, "nine")}},
		"another in turn": {1, 1, []*modelpb.LogBlock{block(1, "one"), block(7, "seven")}},
	} {
		wantVerdict(t, what, c.lost, c.doubled, func(w *world, _ *agent) { compareLog(w.ledger, "WAIT", want, want, c.found) })
	}
}

func TestDeployments(t *testing.T) {
	t.Parallel()
	stored := func() *model.Deployment {
		return &model.Deployment{
			ID: "d", Status: model.DeploymentRunning, Metadata: map[string]string{"begun by": "epoch 1"},
			Stages: []model.Stage{{ID: stageWait, Status: model.StageRunning, Metadata: map[string]string{"step-0": "0"}}},
		}
	}
	for what, c := range map[string]struct {
		lost  int
		spoil func(d *model.Deployment)
	}{
		"all":           {0, func(*model.Deployment) {}},
		"further":       {0, func(d *model.Deployment) { d.Status, d.Stages[0].Status = model.DeploymentSuccess, model.StageSuccess }},
		"status":        {1, func(d *model.Deployment) { d.Status = model.DeploymentPlanned }},
		"stage":         {1, func(d *model.Deployment) { d.Stages[0].Status = model.StageNotStarted }},
		"no stages":     {2, func(d *model.Deployment) { d.Stages = nil }},
		"metadata":      {1, func(d *model.Deployment) { d.Metadata = nil }},
		"stage's steps": {1, func(d *model.Deployment) { d.Stages[0].Metadata["step-0"] = "1" }},
	} {
		wantVerdict(t, what, c.lost, 0, func(w *world, a *agent) {
			w.ledger.tries(a, "d")
			w.ledger.note("d", func(p *promise) {
				p.reached(model.DeploymentRunning, map[string]model.StageStatus{stageWait: model.StageRunning})
				p.metadata["begun by"], p.steps["step-0"] = "epoch 1", "0"
			})
			d := stored()
			c.spoil(d)
			w.ledger.tried("d").compare(w.ledger, d)
		})
	}
}

func TestEpochsAndCommands(t *testing.T) {
	t.Parallel()
	wantVerdict(t, "one epoch after the other", 0, 0, func(_ *world, a *agent) {
		a.wrote(time.Now(), a.newestEpoch(), 1)
		a.wrote(time.Now(), a.newestEpoch(), 2)
		a.wrote(time.Now(), 1, 1) // began before the newer one was acknowledged
	})
	wantVerdict(t, "an old epoch acts", 0, 1, func(_ *world, a *agent) {
		a.wrote(time.Now(), a.newestEpoch(), 2)
		a.wrote(time.Now(), a.newestEpoch(), 1)
	})
	wantVerdict(t, "delivered until it is answered", 0, 0, func(w *world, a *agent) {
		w.ledger.delivered(a, "c")
		w.ledger.delivered(a, "c")
		w.ledger.order("c", a, func(o *order) { o.answered = time.Now() })
		w.ledger.delivered(a, "c")
	})
	wantVerdict(t, "delivered long after it was answered", 0, 1, func(w *world, a *agent) {
		w.ledger.order("c", a, func(o *order) { o.answered = time.Now().Add(-time.Minute) })
		w.ledger.delivered(a, "c")
	})
	wantVerdict(t, "delivered to two", 0, 1, func(w *world, a *agent) {
		w.ledger.delivered(a, "c")
		w.ledger.delivered(&agent{world: w, name: "other"}, "c")
	})
	wantVerdict(t, "commands of nobody", 0, 1, func(w *world, a *agent) {
		w.ledger.unanswered()
		w.ledger.delivered(a, "c1")
		w.ledger.delivered(a, "c2")
		_, orders := w.ledger.pages(true)
		w.auditUncertain(orders)
	})
}
