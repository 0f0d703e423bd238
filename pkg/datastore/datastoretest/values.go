package datastoretest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

func testRoundTrip(t *testing.T, w *world) {
	ctx := t.Context()
	project, piped, command := sampleProject(w.now), samplePiped(w.now), sampleCommand(w.now)
	application, deployment := sampleApplication(w.now), sampleDeployment(w.now)
	must(t, w.AddProject(ctx, project))
	must(t, w.AddPiped(ctx, piped))
	must(t, w.AddApplication(ctx, application))
	must(t, w.CreateDeployment(ctx, model.Fence{}, deployment))
	must(t, w.AddCommand(ctx, command))
	event, chain := sampleEvent(w.now), sampleChain(w.now)
	must(t, w.AddEvent(ctx, event))
	must(t, w.StartChain(ctx, model.Fence{}, datastore.ChainStart{Chain: chain, First: w.newDeployment(nil)}))
	for _, c := range []struct {
		want any
		got  func() (any, error)
	}{
		{project, func() (any, error) { return w.GetProject(ctx, project.ID) }},
		{piped, func() (any, error) { return w.GetPiped(ctx, piped.ID) }},
		{application, func() (any, error) { return w.GetApplication(ctx, application.ID) }},
		{deployment, func() (any, error) { return w.GetDeployment(ctx, deployment.ID) }},
		{command, func() (any, error) { return w.GetCommand(ctx, command.ID) }},
		{event, func() (any, error) { return w.GetEvent(ctx, event.ID) }},
		{chain, func() (any, error) { return w.GetChain(ctx, chain.ID) }},
		{&model.Project{ID: w.project}, func() (any, error) {
			must(t, w.AddProject(ctx, &model.Project{ID: w.project}))
			return w.GetProject(ctx, w.project)
		}},
	} {
		got, err := c.got()
		must(t, err)
		if _, bare := c.want.(*model.Project); !bare || c.want == project {
			checkAllSet(t, reflect.ValueOf(c.want), fmt.Sprintf("%T", c.want))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%T came back different (-want +got):\n%s", c.want, diff)
		}
	}
}

func testNotFound(t *testing.T, w *world) {
	for _, n := range w.nouns() {
		got, err := n.get(t.Context(), "nobody")
		if wantCode(t, err, model.CodeNotFound); got != nil {
			t.Errorf("%s: got %v", n.name, got)
		}
		_, err = n.update(t.Context(), "nobody", func(value) error {
			t.Errorf("%s: the rule ran", n.name)
			return nil
		})
		wantCode(t, err, model.CodeNotFound)
	}
	wantCode(t, w.TouchPiped(t.Context(), "nobody", w.now), model.CodeNotFound)
	_, err := w.GetLease(t.Context(), "nobody")
	wantCode(t, err, model.CodeNotFound)
}

func testAlreadyExists(t *testing.T, w *world) {
	ctx := t.Context()
	project, piped, command := sampleProject(w.now), samplePiped(w.now), sampleCommand(w.now)
	application, deployment := sampleApplication(w.now), sampleDeployment(w.now)
	for i, want := range []model.Code{"", model.CodeAlreadyExists} {
		if i > 0 { // the id alone is enough
			piped.Name = "another"
			application.GitPath.Path = "another"
		}
		wantCode(t, w.AddProject(ctx, project), want)
		wantCode(t, w.AddPiped(ctx, piped), want)
		wantCode(t, w.AddApplication(ctx, application), want)
		wantCode(t, w.CreateDeployment(ctx, model.Fence{}, deployment), want)
		wantCode(t, w.AddCommand(ctx, command), want)
	}
	got, err := w.GetPiped(ctx, piped.ID)
	must(t, err)
	if got.Name != "piped" {
		t.Errorf("the second piped replaced the first: %s", got.Name)
	}
}

func testOwnership(t *testing.T, w *world) {
	a := w.addApplication(t, func(a *model.Application) { a.Labels = map[string]string{"env": "prod"} })
	a.Labels["env"] = "changed by the caller"
	got, err := w.GetApplication(t.Context(), a.ID)
	must(t, err)
	got.Labels["env"] = "changed by the reader"
	var kept *model.Application
	updated, err := w.UpdateApplication(t.Context(), model.Fence{}, a.ID, func(a *model.Application) error {
		kept = a
		return nil
	})
	must(t, err)
	updated.Labels["env"], kept.Labels["env"] = "changed by the updater", "changed after the rule"
	got, err = w.GetApplication(t.Context(), a.ID)
	must(t, err)
	if got.Labels["env"] != "prod" {
		t.Errorf("the store shares memory with a caller: %q", got.Labels["env"])
	}
}

func testUpdateReturns(t *testing.T, w *world) {
	a := w.addApplication(t, nil)
	precise := time.Date(2026, 10, 25, 2, 30, 0, 999, time.FixedZone("CET", 3600)) // below a microsecond, another zone
	updated, err := w.UpdateApplication(t.Context(), model.Fence{}, a.ID, func(a *model.Application) error {
		a.UpdatedAt, a.Labels, a.Disabled = precise, map[string]string{}, true
		return nil
	})
	must(t, err)
	got, err := w.GetApplication(t.Context(), a.ID)
	must(t, err)
	if diff := cmp.Diff(got, updated); diff != "" {
		t.Errorf("what the update returned differs from what is stored (-stored +returned):\n%s", diff)
	}
	if want := precise.UTC().Truncate(time.Microsecond); got.UpdatedAt != want {
		t.Errorf("stored time %v, want %v", got.UpdatedAt, want)
	}
}

func testRefusedUpdate(t *testing.T, w *world) {
	refusal := errors.New("not like this")
	for _, n := range w.nouns() {
		id, err := n.add(t.Context())
		must(t, err)
		before, err := n.get(t.Context(), id)
		must(t, err)
		got, err := n.update(t.Context(), id, func(v value) error {
			*v.count = "99"
			return refusal
		})
		if !errors.Is(err, refusal) || err.Error() != refusal.Error() || got != nil {
			t.Errorf("%s: update returned %v, %v, want the rule's error as it is", n.name, got, err)
		}
		after, err := n.get(t.Context(), id)
		must(t, err)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("%s: a refused update wrote:\n%s", n.name, diff)
		}
	}
}

func testNoUpdateIsLost(t *testing.T, w *world) {
	const writers, rounds = 8, 5
	for _, n := range w.nouns() {
		id, err := n.add(t.Context())
		must(t, err)
		var all sync.WaitGroup
		for range writers {
			all.Go(func() {
				for range rounds {
					if err := retried(t.Context(), func(ctx context.Context) error {
						_, err := n.update(ctx, id, value.increment)
						return err
					}); err != nil {
						t.Errorf("%s: %v", n.name, err)
					}
				}
			})
		}
		all.Wait()
		var final string
		_, err = n.update(t.Context(), id, func(v value) error {
			final = *v.count
			return nil
		})
		must(t, err)
		if want := strconv.Itoa(writers * rounds); final != want {
			t.Errorf("%s: %s increments are left of %s", n.name, final, want)
		}
	}
}

// retried calls do again while it is told to; the port allows a store under
// load to say so, as long as it changed nothing.
func retried(ctx context.Context, do func(context.Context) error) error {
	for {
		err := do(ctx)
		if !model.IsRetryable(err) || ctx.Err() != nil {
			return err
		}
	}
}

func testIDCannotChange(t *testing.T, w *world) {
	for _, n := range w.nouns() {
		id, err := n.add(t.Context())
		must(t, err)
		_, err = n.update(t.Context(), id, func(v value) error {
			*v.id = model.NewID()
			return nil
		})
		wantCode(t, err, model.CodeInvalid)
		_, err = n.get(t.Context(), id)
		must(t, err)
	}
}

func testText(t *testing.T, w *world) {
	const text = "𝒜 🚀 \u0000 \u2028 <&> \ufffd \\ufffd \\ ' \" % _ \r\n 日本語"
	name := strings.Repeat("😀", model.MaxNameLength/4)
	p := w.newPiped(name)
	p.Description, p.Config = text, strings.Repeat(text, 1000)
	must(t, w.AddPiped(t.Context(), p))
	got, err := w.GetPiped(t.Context(), p.ID)
	must(t, err)
	if diff := cmp.Diff(p, got); diff != "" {
		t.Errorf("the text changed (-want +got):\n%s", diff)
	}
	labels := map[string]string{"klüt/😀": text}
	a := w.addApplication(t, func(a *model.Application) { a.Labels, a.Name = labels, "Ä😀" })
	w.addApplication(t, func(a *model.Application) { a.Name = "Ö😀" }) // whether Ä is found as ä is the database's
	for _, f := range []datastore.ApplicationFilter{{ProjectID: w.project, Labels: labels}, {ProjectID: w.project, NamePart: "Ä😀"}} {
		if ids := walk(t, 10, applicationID, w.applications(f)); !cmp.Equal(ids, []string{a.ID}) {
			t.Errorf("filter %+v found %v, want %s alone", f, ids, a.ID)
		}
	}
}

func testBadText(t *testing.T, w *world) {
	long := strings.Repeat("n", model.MaxNameLength+1)
	for _, bad := range []string{long, "a\xffb", "a\x00b"} {
		p := w.newPiped(bad)
		wantCode(t, w.AddPiped(t.Context(), p), model.CodeInvalid)
		wantCode(t, w.AddProject(t.Context(), &model.Project{ID: bad}), model.CodeInvalid)
		wantCode(t, w.AddApplication(t.Context(), w.newApplication(func(a *model.Application) { a.Name = bad })), model.CodeInvalid)
		d := w.newDeployment(func(d *model.Deployment) { d.ApplicationName = bad })
		wantCode(t, w.CreateDeployment(t.Context(), model.Fence{}, d), model.CodeInvalid)
		wantCode(t, w.AddCommand(t.Context(), w.newCommand(func(c *model.Command) { c.PipedID = bad })), model.CodeInvalid)
		_, err := w.GetPiped(t.Context(), p.ID)
		wantCode(t, err, model.CodeNotFound)
	}
	wantCode(t, w.AddProject(t.Context(), &model.Project{}), model.CodeInvalid)
	d := w.addDeployment(t, nil)
	for _, bad := range []map[string]string{{"k": "a\xffb"}, {"a\xffb": "v"}} {
		_, err := w.UpdateDeployment(t.Context(), model.Fence{}, d.ID, func(d *model.Deployment) error {
			d.Stages = []model.Stage{{ID: "s", Metadata: bad}}
			return nil
		})
		wantCode(t, err, model.CodeInvalid)
	}
}

func testLargeDeployment(t *testing.T, w *world) {
	d := w.addDeployment(t, func(d *model.Deployment) { d.Stages = []model.Stage{{ID: "s", Name: model.StageAnalysis}} })
	state := map[string]string{"state": strings.Repeat("x", 500_000)}
	_, err := w.UpdateDeployment(t.Context(), model.Fence{}, d.ID, func(d *model.Deployment) error {
		return errors.Join(d.MergeMetadata(state, w.at(1)), d.MergeStageMetadata("s", state, w.at(1)))
	})
	must(t, err)
	got, err := w.GetDeployment(t.Context(), d.ID)
	must(t, err)
	if !cmp.Equal(got.Metadata, state) || !cmp.Equal(got.Stages[0].Metadata, state) {
		t.Error("large metadata came back different")
	}
	_, err = w.UpdateDeployment(t.Context(), model.Fence{}, d.ID, func(d *model.Deployment) error {
		d.StatusReason = strings.Repeat("x", 9<<20)
		return nil
	})
	wantCode(t, err, model.CodeInvalid)
}

// testLargePages: a page may have fewer rows than asked for, but no row is lost.
func testLargePages(t *testing.T, w *world) {
	const n = 25
	var want []string
	for i := range n {
		d := w.addDeployment(t, func(d *model.Deployment) {
			d.CreatedAt, d.Metadata = w.at(-i), map[string]string{"state": strings.Repeat("x", 500_000)}
		})
		want = append(want, d.ID)
	}
	got := walk(t, datastore.MaxPageSize, deploymentID, w.deployments(datastore.DeploymentFilter{ProjectID: w.project}))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func testCancelled(t *testing.T, w *world) {
	cause := errors.New("the server stops")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	for _, n := range w.nouns() {
		for _, do := range []func() error{
			func() error { _, err := n.add(ctx); return err },
			func() error { _, err := n.get(ctx, "x"); return err },
			func() error { _, err := n.update(ctx, "x", value.increment); return err },
		} {
			err := do()
			if wantCode(t, err, model.CodeUnavailable); !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
				t.Errorf("%s: error %v does not say that, and why, the context ended", n.name, err)
			}
		}
	}
	_, _, err := w.ListApplications(ctx, datastore.ApplicationFilter{ProjectID: w.project}, datastore.Page{})
	wantCode(t, err, model.CodeUnavailable)
	wantCode(t, w.TouchPiped(ctx, "x", w.now), model.CodeUnavailable)
}
