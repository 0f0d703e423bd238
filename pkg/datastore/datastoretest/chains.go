package datastoretest

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// newChain returns a chain of two blocks, the second of which is asked for.
func (w *world) newChain(change func(*model.DeploymentChain)) datastore.ChainStart {
	first := w.newDeployment(nil)
	c := &model.DeploymentChain{
		ID: model.NewID(), ProjectID: w.project, CreatedAt: w.now, UpdatedAt: w.now,
		Blocks: []model.ChainBlock{
			{Nodes: []model.ChainNode{{ApplicationID: first.ApplicationID, Deployment: &model.ChainDeployment{ID: first.ID}}}},
			{Nodes: []model.ChainNode{{ApplicationID: "next"}}},
		},
	}
	if change != nil {
		change(c)
	}
	first.ChainID = c.ID
	next := w.newCommand(func(cmd *model.Command) { cmd.Type, cmd.ChainID, cmd.ChainBlock = model.CommandChainSync, c.ID, 1 })
	return datastore.ChainStart{Chain: c, First: first, Commands: []*model.Command{next}}
}

func (w *world) addChain(t *testing.T, change func(*model.DeploymentChain)) *model.DeploymentChain {
	t.Helper()
	start := w.newChain(change)
	must(t, w.StartChain(t.Context(), model.Fence{}, start))
	return start.Chain
}

// chainNoun counts in the seconds of UpdatedAt: a chain has no free text but names.
func (w *world) chainNoun() noun {
	return noun{
		name: "chain",
		add: func(ctx context.Context) (string, error) {
			start := w.newChain(nil)
			return start.Chain.ID, w.StartChain(ctx, model.Fence{}, start)
		},
		get: func(ctx context.Context, id string) (any, error) { return orNil(w.GetChain(ctx, id)) },
		update: func(ctx context.Context, id string, change func(value) error) (any, error) {
			return orNil(w.UpdateChain(ctx, model.Fence{}, id, func(c *model.DeploymentChain) error {
				count := strconv.Itoa(int(c.UpdatedAt.Sub(c.CreatedAt) / time.Second))
				if err := change(value{&c.ID, &count}); err != nil {
					return err
				}
				n, err := strconv.Atoi("0" + count)
				c.UpdatedAt = c.CreatedAt.Add(time.Duration(n) * time.Second)
				return err
			}))
		},
	}
}

// testChainStartsWhole: the chain, its deployment and its commands, or nothing.
func testChainStartsWhole(t *testing.T, w *world) {
	ctx := t.Context()
	start := w.newChain(nil)
	must(t, w.StartChain(ctx, model.Fence{}, start))
	d, err := w.GetDeployment(ctx, start.First.ID)
	must(t, err)
	if diff := cmp.Diff(start.First, d); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	waiting, err := w.ListUnhandledCommands(ctx, w.piped)
	must(t, err)
	if diff := cmp.Diff(start.Commands, waiting); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for what, clash := range map[string]func(*datastore.ChainStart){
		"chain":      func(s *datastore.ChainStart) { s.Chain.ID = start.Chain.ID },
		"deployment": func(s *datastore.ChainStart) { s.First.ID = start.First.ID },
		"command":    func(s *datastore.ChainStart) { s.Commands[0].ID = start.Commands[0].ID },
	} {
		other := w.newChain(nil)
		chain, first := other.Chain.ID, other.First.ID
		clash(&other)
		wantCode(t, w.StartChain(ctx, model.Fence{}, other), model.CodeAlreadyExists)
		if what != "chain" {
			_, err := w.GetChain(ctx, chain)
			wantCode(t, err, model.CodeNotFound)
		}
		if what != "deployment" {
			_, err := w.GetDeployment(ctx, first)
			wantCode(t, err, model.CodeNotFound)
		}
	}
	waiting, err = w.ListUnhandledCommands(ctx, w.piped)
	must(t, err)
	if len(waiting) != 1 {
		t.Errorf("%d commands are left of starts that were refused", len(waiting)-1)
	}
}

func testChains(t *testing.T, w *world) {
	var want []string
	for i := range 5 {
		want = append(want, w.addChain(t, func(c *model.DeploymentChain) { c.CreatedAt = w.at(-i) }).ID)
	}
	w.addChain(t, func(c *model.DeploymentChain) { c.ProjectID = model.NewID() })
	got := walk(t, 2, func(c *model.DeploymentChain) string { return c.ID },
		func(ctx context.Context, page datastore.Page) ([]*model.DeploymentChain, string, error) {
			return w.ListChains(ctx, w.project, page)
		})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
