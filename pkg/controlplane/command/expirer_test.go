package command_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"pipecd/pkg/controlplane/background"
	"pipecd/pkg/controlplane/command"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestForgottenCommands: what nobody answered for a day times out within the
// next look, more than one page of it, and what was answered stays as it is.
func TestForgottenCommands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, err := sqlite.Open(t.Context(), sqlite.Options{Path: sqlite.Memory})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
		now := time.Now()
		add := func(status model.CommandStatus, at time.Time) string {
			c := &model.Command{ID: model.NewID(), PipedID: "a", ProjectID: "p", Status: status, CreatedAt: at, UpdatedAt: at}
			if err := store.AddCommand(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			return c.ID
		}
		for range datastore.MaxPageSize {
			add(model.CommandNotHandled, now.Add(-2*command.Patience))
		}
		forgotten, answered, fresh := add(model.CommandNotHandled, now), add(model.CommandSucceeded, now), add(model.CommandNotHandled, now.Add(time.Hour))
		hub := new(notify.Hub)
		woken, stop := hub.Subscribe(notify.Command(forgotten))
		defer stop()

		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			expirer := command.NewExpirer(command.ExpirerOptions{Store: store, Hub: hub, Logger: slog.New(slog.DiscardHandler)})
			background.Run(ctx, background.Options{
				Logger: slog.New(slog.DiscardHandler),
				Tasks:  []background.Task{{What: "end forgotten commands", Every: command.ExpireInterval, Do: expirer.Expire}},
			})
		}()
		<-woken
		if waited := time.Since(now); waited < command.Patience || waited > command.Patience+15*time.Minute {
			t.Errorf("it timed out after %s", waited)
		}
		for id, want := range map[string]model.CommandStatus{
			forgotten: model.CommandTimeout, answered: model.CommandSucceeded, fresh: model.CommandNotHandled,
		} {
			got, err := store.GetCommand(t.Context(), id)
			if err != nil || got.Status != want {
				t.Errorf("got %v, %v, want %s", got, err, want)
			}
		}
		if left, err := store.ListUnhandledCommands(t.Context(), "a"); err != nil || len(left) != 1 {
			t.Errorf("%d are left, %v", len(left), err)
		}
		cancel()
		<-ended
	})
}
