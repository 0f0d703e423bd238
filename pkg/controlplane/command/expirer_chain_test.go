package command_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/controlplane/background"
	"pipecd/pkg/controlplane/command"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/model"
)

// TestForgottenCommandOfAChain: a chain does not wait for ever for the
// deployment of an agent that never answered.
func TestForgottenCommandOfAChain(t *testing.T) {
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
		long := time.Now().Add(-2 * command.Patience)
		chain := &model.DeploymentChain{
			ID: model.NewID(), ProjectID: "p", CreatedAt: long, UpdatedAt: long,
			Blocks: []model.ChainBlock{{Nodes: []model.ChainNode{{ApplicationID: "a"}}}, {Nodes: []model.ChainNode{{ApplicationID: "b"}}}},
		}
		asked := &model.Command{
			ID: model.NewID(), PipedID: "away", ProjectID: "p", ApplicationID: "b", Type: model.CommandChainSync, ChainID: chain.ID, ChainBlock: 1,
			CreatedAt: long, UpdatedAt: long,
		}
		first := &model.Deployment{ID: model.NewID(), ProjectID: "p", ApplicationID: "a", ApplicationName: "a", PipedID: "here", ChainID: chain.ID, CreatedAt: long}
		err = store.StartChain(t.Context(), model.Fence{}, datastore.ChainStart{Chain: chain, First: first, Commands: []*model.Command{asked}})
		if err != nil {
			t.Fatal(err)
		}
		hub := new(notify.Hub)
		woken, stop := hub.Subscribe(notify.Command(asked.ID))
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
		got, err := store.GetChain(t.Context(), chain.ID)
		if err != nil || got.Status != model.ChainFailure || got.Blocks[1].Status != model.ChainFailure {
			t.Errorf("got %+v, %v", got, err)
		}
		cancel()
		<-ended
	})
}
