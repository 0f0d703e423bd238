package simtest

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

const (
	lookEvery = 10 * time.Second
	limit     = 6 * time.Hour // after which a deployment will never end
)

func deploymentsOfApp() datastore.DeploymentFilter {
	return datastore.DeploymentFilter{ApplicationID: appID}
}

func onePage() datastore.Page { return datastore.Page{Size: 10} }

// result is what became of a scenario.
type result struct {
	scenario   scenario
	violations []violation
	happened   []event
	faults     int
	crashes    int
	stops      []stop
	visited    bool
	deployment *model.Deployment
	took       time.Duration // of virtual time
}

// simulate runs one scenario in a bubble of its own.
func simulate(t *testing.T, sc scenario, log *slog.Logger) result {
	t.Helper()
	var out result
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sc, log)
		w.prepare()
		w.before = w.look()
		w.watch.begin()
		w.tasks.anew()
		w.disturb()
		w.repository.push("a new version", w.newVersion())
		w.start(agentName)
		d := w.await()
		w.judge(d)
		w.close()
		out = result{
			scenario: sc, violations: w.violations, happened: w.schedule.happened, faults: w.schedule.faults,
			crashes: w.schedule.crashes, stops: w.schedule.stops, visited: w.schedule.visited, deployment: d, took: time.Since(w.schedule.began),
		}
	})
	return out
}

// prepare makes the state before.
func (w *world) prepare() {
	h := w.hands
	h.service(otherName)
	other := h.set(otherName, h.register(otherName, "b1"), "other", 100)
	h.promote(otherName, other)
	group, canaryGroup := "blue", "green"
	if !w.scenario.balanced() {
		group, canaryGroup = "", ""
	}
	switch w.scenario.Before {
	case foreign:
		h.service(serviceName)
		h.promote(serviceName, h.set(serviceName, h.register(serviceName, "v1"), group, 100))
	case ours, stranger, leftCanary, leftShare:
		h.service(serviceName, tagsBefore("")[:4]...)
		h.promote(serviceName, h.set(serviceName, h.register(serviceName, "v1", tagsBefore("")[:6]...), group, 100, tagsBefore("primary")...))
		switch w.scenario.Before {
		case stranger:
			h.set(serviceName, h.register(serviceName, "x1"), "", 50)
			w.strangers.Add(1)
		case leftCanary, leftShare:
			h.set(serviceName, h.register(serviceName, "v0", tagsBefore("")[:6]...), canaryGroup, 50, tagsBefore("canary")...)
		default: // ours alone
		}
	default: // nothing
	}
	time.Sleep(w.scenario.TaskStart + 10*time.Second)
}

// await returns when the deployment is over and everything has settled.
func (w *world) await() *model.Deployment {
	if w.scenario.Cancel > 0 {
		w.after(w.scenario.Cancel, w.cancelDeployment)
	}
	w.later.Go(w.flow)
	begun := time.Now()
	for time.Since(begun) < limit {
		time.Sleep(lookEvery)
		d := w.deployment()
		if d == nil {
			continue
		}
		if d.Status.IsCompleted() {
			time.Sleep(lookEvery)
			return w.deployment()
		}
		w.approve(d)
	}
	w.violate("ends", "the deployment has not ended after %s", limit)
	return w.deployment()
}

// approve approves what waits for it.
func (w *world) approve(d *model.Deployment) {
	for _, s := range d.Stages {
		if s.Name == model.StageWaitApproval && s.Status == model.StageRunning {
			client, done, err := w.plane.person(w.ctx)
			if err == nil {
				_, _ = client.ApproveStage(w.ctx, &webv1.ApproveStageRequest{DeploymentId: d.ID, StageId: s.ID}) // again at the next look
			}
			done()
		}
	}
}

// cancelDeployment cancels the deployment as soon as there is one.
func (w *world) cancelDeployment() {
	for w.ctx.Err() == nil {
		if d := w.deployment(); d != nil {
			client, done, err := w.plane.person(w.ctx)
			if err == nil {
				_, err = client.CancelDeployment(w.ctx, &webv1.CancelDeploymentRequest{DeploymentId: d.ID})
			}
			done()
			if err == nil || d.Status.IsCompleted() {
				w.schedule.note("person", "cancelled the deployment")
				return
			}
		}
		if !wait(w.ctx, lookEvery) {
			return
		}
	}
}
