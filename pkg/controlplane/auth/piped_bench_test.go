package auth_test

import (
	"context"
	"log/slog"
	"testing"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/model"
	rpcauth "pipecd/pkg/rpc/auth"
)

// onePiped is a datastore's pipeds.
type onePiped struct{ piped *model.Piped }

func (s onePiped) GetPiped(_ context.Context, id string) (*model.Piped, error) {
	if id != s.piped.ID {
		return nil, model.Errorf(model.CodeNotFound, "piped %q does not exist", id)
	}
	return s.piped, nil
}

// pipeds returns a checker of an agent with two keys, and the credential with the
// second.
func pipeds(t testing.TB) (*auth.Pipeds, rpcauth.PipedCredential, *model.Piped) {
	t.Helper()
	first, second := rpcauth.NewKey(), rpcauth.NewKey()
	piped := &model.Piped{ID: model.NewID(), ProjectID: "p", Keys: []model.PipedKey{{Hash: rpcauth.HashKey(first)}, {Hash: rpcauth.HashKey(second)}}}
	projects := auth.NewProjects([]*model.Project{{ID: "p"}, {ID: "q"}}, stored{})
	return auth.NewPipeds(projects, onePiped{piped}, new(notify.Hub), slog.New(slog.DiscardHandler)), rpcauth.PipedCredential{ProjectID: "p", PipedID: piped.ID, Key: second}, piped
}

func authorization(t testing.TB, c rpcauth.PipedCredential) string {
	t.Helper()
	value, err := c.Authorization()
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// BenchmarkCheckPiped is what knowing an agent costs in every call. Its row is read
// twice a second.
func BenchmarkCheckPiped(b *testing.B) {
	checker, good, _ := pipeds(b)
	wrong := good
	wrong.Key = rpcauth.NewKey()
	for name, c := range map[string]rpcauth.PipedCredential{"good": good, "wrong": wrong} {
		value := authorization(b, c)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := checker.Check(b.Context(), value, "1"); (err == nil) != (name == "good") {
					b.Fatal(err)
				}
			}
		})
	}
}

// Both keys of a rotation work, and the one that is taken away stops at once,
// also for a stream that it opened.
func TestKeysOfAPiped(t *testing.T) {
	t.Parallel()
	checker, second, piped := pipeds(t)
	caller, err := checker.Check(t.Context(), authorization(t, second), "7")
	if err != nil || caller.Piped != piped || caller.Fence != (model.Fence{PipedID: piped.ID, Epoch: 7}) {
		t.Fatalf("got %+v, %v", caller, err)
	}
	if err := checker.Recheck(t.Context(), caller); err != nil {
		t.Error(err)
	}
	refused := func(what string) {
		t.Helper()
		_, err := checker.Check(t.Context(), authorization(t, second), "")
		for _, err := range []error{err, checker.Recheck(t.Context(), caller)} {
			if model.CodeOf(err) != model.CodeUnauthenticated {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	keys := piped.Keys
	piped.Keys = keys[:1]
	refused("a removed key")
	piped.Keys, piped.Disabled = keys, true
	refused("a disabled agent")
	piped.Disabled = false
	if err := checker.Recheck(t.Context(), caller); err != nil {
		t.Error(err)
	}
}
