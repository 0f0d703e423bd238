package agent_test

import (
	"strings"
	"testing"

	"pipecd/pkg/git/gittest"
	"pipecd/pkg/model"
)

// policed is a world whose application has the policy.
func policed(t *testing.T, policy string) *world {
	t.Helper()
	w := newWorld(t)
	w.extra = "  trigger: {whileDeploying: " + policy + "}\n"
	w.start("one")
	w.succeeded(w.plane.ends(t, w.push("v1", gittest.Change{})))
	return w
}

// TestANewerCommitSupersedes: what is under way is cancelled and what waits never
// begins, and the newest commit is deployed.
func TestANewerCommitSupersedes(t *testing.T) {
	w := policed(t, "SUPERSEDE")
	second := w.push("v2", gittest.Change{})
	w.plane.waits(t, second)
	third := w.push("v3", gittest.Change{})
	old := w.plane.ends(t, second)
	if old.Status != model.DeploymentCancelled || !strings.Contains(old.StatusReason, "of a newer commit (trigger.whileDeploying is SUPERSEDE)") {
		t.Errorf("the older deployment ended with %s: %s", old.Status, old.StatusReason)
	}
	d := w.plane.waits(t, third)
	w.plane.ask(approve(d, "approve"))
	w.succeeded(w.plane.ends(t, third))
}

// TestANewerCommitIsIgnored: the commit that is the head when the deployment is
// over is deployed then; package trigger tests that none is before.
func TestANewerCommitIsIgnored(t *testing.T) {
	w := policed(t, "IGNORE")
	second := w.push("v2", gittest.Change{})
	d := w.plane.waits(t, second)
	third := w.push("v3", gittest.Change{})
	w.plane.ask(approve(d, "approve"))
	old := w.plane.ends(t, second)
	w.succeeded(old)
	if next := w.plane.waits(t, third); next.CreatedAt.Before(old.CompletedAt) {
		t.Errorf("the next deployment was created at %s, before the one under way ended at %s", next.CreatedAt, old.CompletedAt)
	}
}

// TestANewerCommitQueues: each commit in its turn.
func TestANewerCommitQueues(t *testing.T) {
	w := policed(t, "QUEUE")
	second := w.push("v2", gittest.Change{})
	d := w.plane.waits(t, second)
	third := w.push("v3", gittest.Change{})
	w.plane.until(t, "the third commit has a deployment", func() bool { return w.plane.of(third) != nil })
	w.plane.ask(approve(d, "approve"))
	w.succeeded(w.plane.ends(t, second))
	w.plane.waits(t, third)
}
