package trigger

import (
	"strings"
	"testing"

	"pipecd/pkg/git/gittest"
	"pipecd/pkg/model"
)

func TestFirstCommitTriggers(t *testing.T) {
	t.Parallel()

	w := newWorld(t, app("a"), app("b"))
	w.push(gittest.Change{Message: "first\n\nwhy", Write: merge(appFiles("a", ""), appFiles("b", ""))})
	w.look("a@0 b@0")
	w.look("")

	d := w.cp.deployments[0]
	c := d.Trigger.Commit
	if c.Hash != w.commits[0] || c.Author != gittest.Author || !strings.HasPrefix(c.Message, "first") || c.Branch != "main" || c.CreatedAt.IsZero() ||
		c.URL != "https://github.com/acme/apps/commit/"+c.Hash {
		t.Errorf("the deployment's commit is %+v", c)
	}
	if d.Trigger.Commander != "" || d.Trigger.SyncStrategy != model.StrategyAuto || d.PipedID != "p1" || d.Status != model.DeploymentPending {
		t.Errorf("the deployment is %+v", d)
	}
	for id, a := range w.cp.apps {
		if a.LastTriggered == nil || a.LastTriggered.Trigger.Commit.Hash != w.commits[0] {
			t.Errorf("application %s was not reported: %+v", id, a)
		}
	}
}

func TestOnlyConcernedTrigger(t *testing.T) {
	t.Parallel()

	w := newWorld(t, app("a"), app("b"), app("shared"), app("off"))
	w.commit(merge(
		appFiles("a", `onCommit: {ignores: ["**/*.md"]}`), appFiles("b", ""),
		appFiles("shared", `onCommit: {paths: ["lib/**"]}`), appFiles("off", `onCommit: {disabled: true}`),
	))
	w.look("a@0 b@0 shared@0")
	w.commit(touch("a", "1"))
	w.look("a@1")
	w.commit(map[string]string{"README": "x", "apps/ab/x": "y"})
	w.look("")
	w.commit(map[string]string{"lib/x": "y"})
	w.look("shared@3")
	w.commit(map[string]string{"apps/a/x.md": "ignored"})
	w.look("")
	w.commit(merge(touch("a", "2"), map[string]string{"apps/a/x.md": "ignored, but not alone"}))
	w.look("a@5")
	w.commit(touch("off", "1"))
	w.look("")
	w.push(gittest.Change{Remove: []string{"apps/b/servicedef.yaml"}, Write: map[string]string{"apps/b/new": ""}})
	w.look("")
	if got := w.cp.state("b").Status; got != model.SyncInvalidConfig {
		t.Errorf("without its definition b is %s", got)
	}
}

// TestRulesChange: the rules that count are those of the head, also where the
// old ones say that the commit is none of the application's business.
func TestRulesChange(t *testing.T) {
	t.Parallel()

	w := newWorld(t, app("a"), app("b"))
	w.commit(merge(appFiles("a", `onCommit: {disabled: true}`), appFiles("b", `onCommit: {ignores: ["**"]}`)))
	w.look("b@0")
	w.commit(merge(appFiles("a", ""), appFiles("b", "")))
	w.look("a@1 b@1")
	w.commit(merge(appFiles("a", `onCommit: {disabled: true}`), appFiles("b", `onCommit: {paths: [lib]}`)))
	w.look("b@2")
	w.commit(merge(touch("a", "1"), map[string]string{"lib/x": ""}))
	w.look("b@3")
}

func TestCommitWhileAway(t *testing.T) {
	t.Parallel()

	w := newWorld(t, app("a"), app("b"), app("c"))
	w.commit(merge(appFiles("a", ""), appFiles("b", ""), appFiles("c", "")))
	w.look("a@0 b@0 c@0")
	w.commit(touch("a", "1"))
	w.commit(touch("b", "1"))
	w.restart()
	w.look("a@2 b@2")
	w.look("")
	w.restart()
	w.look("")
	w.commit(map[string]string{"README": ""})
	w.loseMirror()
	w.restart()
	w.look("")
}

func TestForcePush(t *testing.T) {
	t.Parallel()

	w := newWorld(t, app("a"), app("b"))
	first := merge(appFiles("a", ""), appFiles("b", ""))
	w.commit(first)
	w.look("a@0 b@0")
	w.commit(touch("a", "lost"))
	w.look("a@1")
	w.push(gittest.Change{Orphan: true, Write: merge(first, touch("b", "other history"))})
	w.look("a@2 b@2") // a goes back, b changed
	w.remote.Push(t, "main", w.commits[1])
	w.look("a@1 b@1")
	w.remote.Push(t, "main", w.commits[2])
	w.remote.Forget(t)
	w.restart()
	w.look("a@2 b@2")
	w.look("")
}

// TestBaseIsGone: neither the remote nor the disk has the commit to compare
// with any more; nothing is lost, for a running agent and for a new one.
func TestBaseIsGone(t *testing.T) {
	t.Parallel()

	for name, restart := range map[string]bool{"running": false, "restarted": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			w := newWorld(t, app("a"))
			w.commit(appFiles("a", ""))
			w.look("a@0")
			w.push(gittest.Change{Orphan: true, Write: merge(appFiles("a", ""), touch("a", "2"))})
			w.remote.Forget(t)
			w.loseMirror()
			if restart {
				w.restart()
			}
			w.look("a@1")
			w.look("")
		})
	}
}

// TestMirrorLost: the remote still has what the disk lost, so that only what
// changed is deployed.
func TestMirrorLost(t *testing.T) {
	t.Parallel()

	w := newWorld(t, app("a"), app("b"))
	w.commit(merge(appFiles("a", ""), appFiles("b", "")))
	w.look("a@0 b@0")
	w.loseMirror()
	w.push(gittest.Change{Orphan: true, Write: merge(appFiles("a", ""), appFiles("b", ""), touch("a", "1"))})
	w.look("a@1")
}

func TestInvalidConfig(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct{ file, text, reason string }{
		"unknown field": {"app.pipecd.yaml", appFile("onComit: {}"), "apps/a/app.pipecd.yaml:4:13"},
		"definition":    {"taskdef.yaml", taskFile + "famly: x\n", "apps/a/taskdef.yaml:7:1: famly"},
		"pattern":       {"app.pipecd.yaml", appFile(`onCommit: {paths: ["x["]}`), "apps/a/app.pipecd.yaml:4:32: spec.trigger.onCommit.paths[0]: path pattern \"x[\""},
		"ignores":       {"app.pipecd.yaml", appFile(`onCommit: {ignores: ["x", "y["], pathss: []}`), "onCommit.ignores[1]: path pattern"},
		"too large":     {"app.pipecd.yaml", "# " + strings.Repeat("x", 10<<20) + "\n" + appFile(""), "apps/a/app.pipecd.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			w := newWorld(t, app("a"), app("b"))
			w.commit(merge(appFiles("a", ""), appFiles("b", "")))
			w.look("a@0 b@0")
			w.cp.freeze() // the agent's list may be older than what it reported
			w.commit(merge(touch("b", "1"), map[string]string{"apps/a/" + tc.file: tc.text}))
			w.look("b@1") // one broken application does not hold up another
			state := w.cp.state("a")
			if state.Status != model.SyncInvalidConfig || !strings.Contains(state.Reason, tc.reason) || !strings.Contains(state.ShortReason, w.commits[1][:7]) {
				t.Errorf("got %+v, want the reason to name %s", state, tc.reason)
			}
			w.commit(map[string]string{"README": "still broken"})
			w.look("")
			if got := strings.Join(w.cp.states, ", "); got != "a INVALID_CONFIG" {
				t.Errorf("reported %q", got)
			}
			w.commit(merge(appFiles("a", ""), touch("a", "fixed")))
			w.look("a@3")
			if got := w.cp.state("a").Status; got != model.SyncUnknown {
				t.Errorf("after the fix a is %s", got)
			}
		})
	}
}

// TestInvalidConfigTakenBack: a fix that goes back to what runs deploys
// nothing, and the fix is noticed by an agent that did not see the mistake.
func TestInvalidConfigTakenBack(t *testing.T) {
	t.Parallel()

	w := newWorld(t, app("a"))
	w.commit(appFiles("a", ""))
	w.look("a@0")
	w.commit(map[string]string{"apps/a/app.pipecd.yaml": "kind: Nothing"})
	w.look("")
	w.commit(appFiles("a", ""))
	w.restart()
	w.look("")
	if got := strings.Join(w.cp.states, ", "); got != "a INVALID_CONFIG, a UNKNOWN" {
		t.Errorf("reported %q", got)
	}
}

// TestCreationFails: whatever call fails, the commit is deployed at the next
// look, and once.
func TestCreationFails(t *testing.T) {
	t.Parallel()

	for _, method := range []string{"CreateDeployment", "ReportMostRecentDeployment"} {
		for name, restart := range map[string]bool{"running": false, "restarted": true} {
			t.Run(method+" "+name, func(t *testing.T) {
				t.Parallel()

				w := newWorld(t, app("a"), app("b"))
				w.commit(merge(appFiles("a", ""), appFiles("b", "")))
				w.look("a@0 b@0")
				w.commit(merge(touch("a", "1"), touch("b", "1")))
				w.cp.fail(method, model.Errorf(model.CodeUnavailable, "down"))
				if err := w.repo.look(t.Context()); model.CodeOf(err) == "" {
					t.Error("the failure was not reported")
				}
				if restart {
					w.restart()
				}
				if err := w.repo.look(t.Context()); err != nil {
					t.Error(err)
				}
				w.expect("a@1 b@1")
				w.look("")
			})
		}
	}
}

func TestApplicationsComeAndGo(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.look("") // an empty repository without applications is no error
	w.commit(merge(appFiles("a", ""), appFiles("b", "")))
	w.cp.apps["a"] = app("a")
	w.look("a@0")
	w.cp.apps["b"] = app("b")
	w.look("b@0")
	delete(w.cp.apps, "a")
	w.commit(merge(touch("a", "1"), touch("b", "1")))
	w.look("b@1")
	w.cp.apps["a"] = app("a")
	w.look("a@1")
	w.commit(appFiles("moved", ""))
	w.look("")
	w.cp.apps["b"].GitPath.Path = "apps/moved"
	w.look("b@2")
}

func TestSync(t *testing.T) {
	t.Parallel()

	w := newWorld(t, app("a"), app("off"))
	w.commit(merge(appFiles("a", ""), appFiles("off", `onCommand: {disabled: true}, onCommit: {disabled: true}`)))
	cmd := model.Command{ID: "cmd-1", ApplicationID: "a", Commander: "ann", SyncStrategy: model.StrategyQuickSync}
	w.cp.freeze()
	want := model.DeploymentIDForCommand("a", "cmd-1")
	for range 2 { // twice the same command is the same deployment
		if err := w.repo.syncNow(t.Context(), cmd); err != nil {
			t.Fatal(err)
		}
		h := w.cp.answer("cmd-1")
		if h.Status != model.CommandSucceeded || h.Metadata[model.CommandMetadataDeploymentID] != want || h.At.IsZero() {
			t.Errorf("got %+v, want deployment %s", h, want)
		}
		delete(w.cp.answers, "cmd-1")
	}
	w.expect("a@0")
	if tr := w.cp.deployments[0].Trigger; tr.Commander != "ann" || tr.SyncStrategy != model.StrategyQuickSync || !strings.Contains(tr.StrategySummary, "ann") {
		t.Errorf("the trigger is %+v", tr)
	}
	w.look("") // the head was deployed by the command, whatever the stale list says
	cmd.ID = "cmd-2"
	if err := w.repo.syncNow(t.Context(), cmd); err != nil {
		t.Fatal(err)
	}
	w.expect("a@0") // another command for the same head is another deployment
	w.commit(touch("a", "1"))
	cmd.ID = "cmd-3"
	if err := w.repo.syncNow(t.Context(), cmd); err != nil {
		t.Fatal(err)
	}
	w.expect("a@1")
	w.look("")
}

func TestSyncRefused(t *testing.T) {
	t.Parallel()

	w := newWorld(t, app("a"), app("off"))
	w.commit(merge(appFiles("a", ""), appFiles("off", `onCommand: {disabled: true}, onCommit: {disabled: true}`)))
	w.look("a@0")
	w.commit(map[string]string{"apps/a/app.pipecd.yaml": appFile("onComit: {}")})
	for appID, reason := range map[string]string{
		"none": "none",
		"off":  "spec.trigger.onCommand.disabled",
		"a":    "apps/a/app.pipecd.yaml:4:13",
	} {
		if err := w.repo.syncNow(t.Context(), model.Command{ID: "for " + appID, ApplicationID: appID}); err != nil {
			t.Errorf("%s: %v", appID, err)
		}
		h := w.cp.answer("for " + appID)
		if h.Status != model.CommandFailed || !strings.Contains(h.Metadata[model.CommandMetadataReason], reason) {
			t.Errorf("%s: got %+v, want the reason to name %s", appID, h, reason)
		}
	}
	w.expect("")
	if got := w.cp.state("a").Status; got != model.SyncInvalidConfig {
		t.Errorf("a is %s", got)
	}
}

// TestRollBack: an earlier version is brought out and stays until the next
// commit asks for a deployment, also when the agent starts anew.
func TestRollBack(t *testing.T) {
	t.Parallel()

	w := newWorld(t, app("a"), app("b"))
	w.commit(merge(appFiles("a", ""), appFiles("b", "")))
	w.look("a@0 b@0")
	first := w.cp.deployments[0]
	if first.ApplicationID != "a" {
		first = w.cp.deployments[1]
	}
	w.commit(touch("a", "1"))
	w.look("a@1")
	cmd := model.Command{ID: "back", Type: model.CommandRollBack, ApplicationID: "a", DeploymentID: first.ID, Commander: "ann"}
	if err := w.repo.syncNow(t.Context(), cmd); err != nil {
		t.Fatal(err)
	}
	if h := w.cp.answer("back"); h.Status != model.CommandSucceeded || h.Metadata[model.CommandMetadataDeploymentID] != model.DeploymentIDForCommand("a", "back") {
		t.Fatalf("the answer is %+v", h)
	}
	made := w.cp.deployments[len(w.cp.deployments)-1]
	w.expect("a@0")
	tr := made.Trigger
	if tr.RolledBackTo != first.ID || tr.OverriddenCommit != w.commits[1] || tr.Commander != "ann" || !strings.Contains(tr.StrategySummary, "as asked for by ann") {
		t.Errorf("the trigger is %+v", tr)
	}
	w.look("")
	w.restart()
	w.look("") // the override stays
	w.commit(touch("b", "1"))
	w.look("b@2")
	w.restart()
	w.look("")
	w.commit(touch("a", "2"))
	w.look("a@3")
}

func TestRollBackRefused(t *testing.T) {
	t.Parallel()

	w := newWorld(t, app("a"), app("b"))
	w.commit(merge(appFiles("a", ""), appFiles("b", "")))
	w.look("a@0 b@0")
	gone := w.cp.deployments[0].Clone()
	gone.ID, gone.ApplicationID, gone.Trigger.Commit.Hash = "gone", "a", strings.Repeat("0", 40)
	other := w.cp.deployments[0].Clone()
	other.ID, other.ApplicationID = "other", "b"
	w.cp.deployments = append(w.cp.deployments, gone, other)
	for id, reason := range map[string]string{
		"none":  "does not exist",
		"gone":  "is not in repository",
		"other": "is not one of application",
	} {
		cmd := model.Command{ID: "to " + id, Type: model.CommandRollBack, ApplicationID: "a", DeploymentID: id}
		if err := w.repo.syncNow(t.Context(), cmd); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		if h := w.cp.answer("to " + id); h.Status != model.CommandFailed || !strings.Contains(h.Metadata[model.CommandMetadataReason], reason) {
			t.Errorf("%s: got %+v, want the reason to say %q", id, h, reason)
		}
	}
}
