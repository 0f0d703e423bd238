package agent

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/model"
)

// answers is a control plane that keeps what commands were answered with.
type answers struct {
	mu    sync.Mutex
	given map[string]model.CommandStatus
	away  bool
}

func (a *answers) ReportCommandHandled(_ context.Context, id string, h model.Handled) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.away {
		return model.Errorf(model.CodeUnavailable, "away")
	}
	if a.given == nil {
		a.given = map[string]model.CommandStatus{}
	}
	a.given[id] = h.Status
	return nil
}

func newTestMailbox() (*mailbox, *answers, *inbox) {
	a, in := &answers{}, newInbox()
	return newMailbox(a, in, slog.New(slog.DiscardHandler)), a, in
}

func TestInboxTakesACommandOnce(t *testing.T) {
	t.Parallel()
	in, now := newInbox(), time.Unix(1_000_000, 0)
	if !in.accept("a", now) || in.accept("a", now) {
		t.Error("a command must be accepted once")
	}
	in.forget("a")
	if !in.accept("a", now) {
		t.Error("a forgotten command must be accepted again")
	}
	in.done("a", now)
	if in.accept("a", now.Add(rememberHandled)) {
		t.Error("a repeat of an answered command must not be accepted")
	}
	if !in.accept("a", now.Add(rememberHandled+time.Second)) {
		t.Error("answered commands must be forgotten in the end")
	}
}

func TestMailboxGivesAStageItsOwnCommands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, given, _ := newTestMailbox()
		got := make(chan model.Command, 1)
		go func() {
			cmd, err := box.Next(t.Context(), "s2", model.CommandApproveStage)
			if err != nil {
				t.Error(err)
			}
			got <- cmd
		}()
		synctest.Wait()
		box.put(model.Command{ID: "1", StageID: "s1", Type: model.CommandApproveStage})
		box.put(model.Command{ID: "2", StageID: "s2", Type: model.CommandSkipStage})
		synctest.Wait()
		select {
		case cmd := <-got:
			t.Fatalf("got %+v, which is for another stage or of another type", cmd)
		default:
		}
		box.put(model.Command{ID: "3", StageID: "s2", Type: model.CommandApproveStage})
		if cmd := <-got; cmd.ID != "3" {
			t.Errorf("got %s, want 3", cmd.ID)
		}
		if err := box.Answer(t.Context(), "3", model.CommandSucceeded, ""); err != nil {
			t.Error(err)
		}
		var left []string
		for _, c := range box.close() {
			left = append(left, c.ID)
		}
		if diff := cmp.Diff([]string{"1", "2"}, left); diff != "" || box.put(model.Command{ID: "4"}) {
			t.Errorf("a closed mailbox takes commands, or (-want +got):\n%s", diff)
		}
		want := map[string]model.CommandStatus{"3": model.CommandSucceeded}
		if diff := cmp.Diff(want, given.given); diff != "" {
			t.Error(diff)
		}
	})
}

func TestMailboxNextEndsWithItsContext(t *testing.T) {
	t.Parallel()
	box, _, _ := newTestMailbox()
	cause := errors.New("the test is over")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := box.Next(ctx, "s", model.CommandApproveStage); !errors.Is(err, cause) {
		t.Errorf("got %v, want the cause", err)
	}
}

func TestCancelIsAnsweredWhenItTookEffect(t *testing.T) {
	t.Parallel()
	box, given, _ := newTestMailbox()
	box.put(model.Command{ID: "c", Type: model.CommandCancelDeployment})
	box.put(model.Command{ID: "a", StageID: "s", Type: model.CommandApproveStage})
	box.answerCancels(t.Context())
	if diff := cmp.Diff(map[string]model.CommandStatus{"c": model.CommandSucceeded}, given.given); diff != "" {
		t.Error(diff)
	}
}

func TestACommandThatCannotBeAnsweredIsTakenAgain(t *testing.T) {
	t.Parallel()
	box, given, in := newTestMailbox()
	given.away = true
	in.accept("c", time.Now())
	box.put(model.Command{ID: "c", Type: model.CommandCancelDeployment})
	box.answerCancels(t.Context())
	if !in.accept("c", time.Now()) {
		t.Error("the command would never be answered")
	}
}

// TestAnAnswerThatFailsIsNotForgotten: also one that a stage gives.
func TestAnAnswerThatFailsIsNotForgotten(t *testing.T) {
	t.Parallel()
	box, given, in := newTestMailbox()
	in.accept("c", time.Now())
	given.away = true
	if err := box.Answer(t.Context(), "c", model.CommandSucceeded, ""); err == nil || !in.accept("c", time.Now()) {
		t.Errorf("Answer = %v, and the command must be accepted when it comes again", err)
	}
	given.away = false
	box.put(model.Command{ID: "c"}) // it came again
	if err := box.Answer(t.Context(), "c", model.CommandSucceeded, ""); err != nil || len(box.close()) != 0 {
		t.Errorf("Answer = %v, and an answered command must not wait any more", err)
	}
}

// TestSettle: the inbox learns of answers that others give.
func TestSettle(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err    error
		again  bool // the command is taken when it comes again at once
		leaves bool // and after a while
	}{
		"answered":        {nil, false, true},
		"answered before": {model.Errorf(model.CodeFailedPrecondition, "it was"), false, true},
		"unknown":         {model.Errorf(model.CodeNotFound, "none"), false, true},
		"away":            {model.Errorf(model.CodeUnavailable, "away"), false, false},
		"stumbled":        {model.Errorf(model.CodeInternal, "oops"), true, true},
	} {
		in, now := newInbox(), time.Now()
		in.accept("c", now)
		settle(t.Context(), in, "c", tt.err)
		if got := in.accept("c", now); got != tt.again {
			t.Errorf("%s: taken again %t", name, got)
		}
		if tt.again {
			continue
		}
		if got := in.accept("c", now.Add(2*rememberHandled)); got != tt.leaves {
			t.Errorf("%s: forgotten in the end %t, want %t", name, got, tt.leaves)
		}
	}
}
