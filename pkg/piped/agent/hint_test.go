package agent_test

import (
	"maps"
	"slices"
	"testing"

	"pipecd/pkg/git/gittest"
	"pipecd/pkg/model"
)

// hint tells the agent to look at a repository.
func (p *plane) hint(repoID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hinted[repoID] = true
	p.tell()
}

// hints returns what was hinted at since the last time.
func (p *plane) hints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := slices.Sorted(maps.Keys(p.hinted))
	clear(p.hinted)
	return out
}

// opened counts the streams that hold the lease and returns the number of this
// one.
func (p *plane) opened() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.streams++
	p.tell()
	return p.streams
}

func (p *plane) isCut(number int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return number <= p.cut
}

// breakOff cuts the streams that are open.
func (p *plane) breakOff() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = p.streams
	p.tell()
}

// TestAHintIsLookedAtAtOnce: the interval is so long that nothing else can have
// made the agent look. A hint at a repository that it does not have is harmless.
func TestAHintIsLookedAtAtOnce(t *testing.T) {
	w := newWorld(t)
	w.syncInterval = "24h"
	first := w.push("v1", gittest.Change{})
	w.start("one")
	w.succeeded(w.plane.ends(t, first))
	second := w.push("v2", gittest.Change{})
	w.plane.hint("unknown")
	w.plane.hint("shop")
	w.plane.waits(t, second)
}

// TestAReconnectIsLookedAtToo, because the hint may have gone with the stream.
func TestAReconnectIsLookedAtToo(t *testing.T) {
	w := newWorld(t)
	w.syncInterval = "24h"
	first := w.push("v1", gittest.Change{})
	w.start("one")
	w.succeeded(w.plane.ends(t, first))
	second := w.push("v2", gittest.Change{})
	w.plane.breakOff()
	w.plane.waits(t, second)
	w.plane.mu.Lock()
	defer w.plane.mu.Unlock()
	if w.plane.epoch != 1 || w.plane.streams != 2 {
		t.Errorf("it took %d streams with %d leases, want two with one", w.plane.streams, w.plane.epoch)
	}
}

// TestTheChoiceOfACancelIsHonoured: the application's file rolls back, and the
// person does not want to.
func TestTheChoiceOfACancelIsHonoured(t *testing.T) {
	w := newWorld(t)
	w.start("one")
	w.succeeded(w.plane.ends(t, w.push("v1", gittest.Change{})))
	for id, tt := range map[string]struct {
		choice model.RollbackChoice
		began  bool
	}{
		"never": {model.RollbackNever, false}, "always": {model.RollbackAlways, true}, "as the file says": {model.RollbackAsConfigured, true},
	} {
		hash := w.push(id, gittest.Change{})
		d := w.plane.waits(t, hash)
		w.plane.ask(model.Command{ID: id, Type: model.CommandCancelDeployment, DeploymentID: d.ID, ApplicationID: "app-1", Rollback: tt.choice})
		d = w.plane.ends(t, hash)
		if began := d.Stage(model.StageIDRollback).Status != model.StageNotStarted; d.Status != model.DeploymentCancelled || began != tt.began {
			t.Errorf("%s: it ended with %s: %s; rolled back: %t", id, d.Status, d.StatusReason, began)
		}
		if c := w.plane.answered(t, id); c.Status != model.CommandSucceeded {
			t.Errorf("%s: answered with %s %v", id, c.Status, c.Metadata)
		}
	}
}
