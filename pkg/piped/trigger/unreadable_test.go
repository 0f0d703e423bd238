package trigger

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/model"
)

func (cp *controlPlane) setState(appID string, change func(*model.Application)) {
	cp.mu.Lock()
	defer cp.mu.Unlock()
	change(cp.apps[appID])
}

func wantState(t *testing.T, cp *controlPlane, status model.SyncStatus, short, reason string) {
	t.Helper()
	synctest.Wait()
	got := cp.state("a")
	if got.Status != status || got.ShortReason != short || !strings.Contains(got.Reason, reason) {
		t.Errorf("state %s, %q, %q; want %s, %q, … %q …", got.Status, got.ShortReason, got.Reason, status, short, reason)
	}
}

// TestUnreadable: people see that Git cannot be read, but not every hiccup, and
// see afterwards what they saw before.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	still(t, func(t *testing.T, m *memory, cp *controlPlane, _ *Repository) {
		t.Helper()
		synced := model.SyncState{Status: model.SyncSynced, ShortReason: "Deployed v1", Timestamp: time.Now().UTC()}
		cp.setState("a", func(a *model.Application) { a.SyncState = synced })
		m.setDown(true)
		time.Sleep(time.Minute)
		wantState(t, cp, model.SyncSynced, "Deployed v1", "") // one look failed
		time.Sleep(30 * time.Second)
		wantState(t, cp, model.SyncUnknown, cannotRead, "the remote does not answer")
		m.setDown(false)
		time.Sleep(30 * time.Second)
		wantState(t, cp, model.SyncSynced, "Deployed v1", "")
		m.setDown(true)
		time.Sleep(time.Minute)
		m.setDown(false)
		time.Sleep(time.Minute)
		wantState(t, cp, model.SyncSynced, "Deployed v1", "")
	})
}

func TestUnreadableLeavesWhatNeedsAPerson(t *testing.T) {
	t.Parallel()
	still(t, func(t *testing.T, m *memory, cp *controlPlane, _ *Repository) {
		t.Helper()
		cp.setState("a", func(a *model.Application) {
			a.SyncState = model.SyncState{Status: model.SyncOutOfSync, ShortReason: "behind", Timestamp: time.Now().UTC()}
		})
		m.setDown(true)
		time.Sleep(10 * time.Minute)
		wantState(t, cp, model.SyncOutOfSync, "behind", "")
	})
}

// TestUnreadableBeforeARestart: the agent does not know what was seen before.
func TestUnreadableBeforeARestart(t *testing.T) {
	t.Parallel()
	still(t, func(t *testing.T, _ *memory, cp *controlPlane, _ *Repository) {
		t.Helper()
		cp.setState("a", func(a *model.Application) {
			a.SyncState = model.SyncState{Status: model.SyncUnknown, ShortReason: cannotRead, Timestamp: time.Now().UTC()}
		})
		time.Sleep(2 * time.Minute)
		wantState(t, cp, model.SyncUnknown, "Git can be read again", "") // its deployment has not succeeded
		cp.setState("a", func(a *model.Application) {
			a.LastSuccessful = &model.DeploymentRef{DeploymentID: a.LastTriggered.DeploymentID, Version: "v1"}
			a.SyncState = model.SyncState{Status: model.SyncUnknown, ShortReason: cannotRead, Timestamp: time.Now().UTC()}
		})
		time.Sleep(2 * time.Minute)
		wantState(t, cp, model.SyncSynced, "Deployed v1", "")
	})
}
