package datastoretest

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

func testForgottenCommands(t *testing.T, w *world) {
	ctx := t.Context()
	var want []string
	for i := range 4 {
		c := w.newCommand(func(c *model.Command) { c.CreatedAt, c.PipedID = w.at(i-2), []string{w.piped, w.other}[i%2] })
		must(t, w.AddCommand(ctx, c))
		if i < 2 {
			want = append(want, c.ID)
		}
	}
	must(t, w.AddCommand(ctx, w.newCommand(func(c *model.Command) { c.CreatedAt, c.Status = w.at(-9), model.CommandSucceeded })))
	list, err := w.ListForgottenCommands(ctx, w.now)
	must(t, err)
	var got []string
	for _, c := range list {
		if c.ProjectID == w.project { // the store may be shared with other tests
			got = append(got, c.ID)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func testBatches(t *testing.T, w *world) {
	ctx := t.Context()
	piped := w.newPiped("a")
	must(t, w.AddPiped(ctx, piped))
	must(t, w.TouchPiped(ctx, piped.ID, w.at(7)))
	deployments := []string{w.addDeployment(t, nil).ID, w.addDeployment(t, nil).ID}
	for _, id := range []string{piped.ID, piped.ID, w.other} {
		w.addApplication(t, func(a *model.Application) { a.PipedID = id })
	}
	w.addApplication(t, func(a *model.Application) { a.PipedID, a.Deleted = piped.ID, true })
	lease, _, err := w.AcquireLease(ctx, piped.ID, datastore.LeaseRequest{InstanceID: "i", Host: "h", TTL: time.Hour})
	must(t, err)

	pipeds, err := w.GetPipeds(ctx, []string{piped.ID, "nobody", piped.ID})
	must(t, err)
	if len(pipeds) != 1 || pipeds[0].Name != "a" || !pipeds[0].LastSeenAt.Equal(w.at(7)) {
		t.Errorf("got pipeds %v", pipeds)
	}
	found, err := w.GetDeployments(ctx, append(slices.Clone(deployments), "nobody"))
	must(t, err)
	var ids []string
	for _, d := range found {
		ids = append(ids, d.ID)
	}
	slices.Sort(ids)
	slices.Sort(deployments)
	if diff := cmp.Diff(deployments, ids); diff != "" {
		t.Errorf("deployments (-want +got):\n%s", diff)
	}
	leases, err := w.GetLeases(ctx, []string{piped.ID, w.other})
	must(t, err)
	if diff := cmp.Diff(map[string]model.Lease{piped.ID: lease}, leases); diff != "" {
		t.Errorf("leases (-want +got):\n%s", diff)
	}
	counts, err := w.CountApplicationsOf(ctx, []string{piped.ID, w.other, "nobody"})
	must(t, err)
	if diff := cmp.Diff(map[string]int{piped.ID: 2, w.other: 1}, counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	testBatchSizes(t, w)
}

// testBatchSizes: nothing and the most are fine, one more is refused.
func testBatchSizes(t *testing.T, w *world) {
	t.Helper()
	ctx := t.Context()
	for size, want := range map[int]model.Code{0: "", datastore.MaxPageSize: "", datastore.MaxPageSize + 1: model.CodeInvalid} {
		ids := make([]string, size)
		for i := range ids {
			ids[i] = strconv.Itoa(i)
		}
		_, err := w.GetPipeds(ctx, ids)
		wantCode(t, err, want)
		_, err = w.GetDeployments(ctx, ids)
		wantCode(t, err, want)
		_, err = w.GetLeases(ctx, ids)
		wantCode(t, err, want)
		_, err = w.CountApplicationsOf(ctx, ids)
		wantCode(t, err, want)
		_, err = w.Revisions(ctx, datastore.NounDeployment, ids)
		wantCode(t, err, want)
	}
}

func testRevisions(t *testing.T, w *world) {
	ctx := t.Context()
	piped, command := w.newPiped("a"), w.newCommand(nil)
	must(t, w.AddPiped(ctx, piped))
	must(t, w.TouchPiped(ctx, piped.ID, w.at(5)))
	must(t, w.AddCommand(ctx, command))
	application, deployment := w.addApplication(t, nil), w.addDeployment(t, nil)
	_, err := w.UpdateDeployment(ctx, model.Fence{}, deployment.ID, func(d *model.Deployment) error { d.UpdatedAt = w.at(3); return nil })
	must(t, err)
	for noun, want := range map[datastore.Noun]map[string]datastore.Revision{
		datastore.NounPiped:       {piped.ID: {UpdatedAt: w.now, SeenAt: w.at(5)}},
		datastore.NounCommand:     {command.ID: {UpdatedAt: w.now}},
		datastore.NounApplication: {application.ID: {UpdatedAt: w.now}},
		datastore.NounDeployment:  {deployment.ID: {UpdatedAt: w.at(3)}},
	} {
		got, err := w.Revisions(ctx, noun, []string{piped.ID, command.ID, application.ID, deployment.ID, "nobody"})
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", noun, diff)
		}
	}
	_, err = w.Revisions(ctx, "weather", []string{"x"})
	wantCode(t, err, model.CodeInvalid)
}

func testListRevisions(t *testing.T, w *world) {
	ctx := t.Context()
	online := w.at(100)
	look := func(noun datastore.Noun) datastore.ListRevision {
		r, err := w.ListRevision(ctx, noun, w.project, online)
		must(t, err)
		return r
	}
	first, second := w.newPiped("a"), w.newPiped("b")
	var application, deployment string
	for _, step := range []struct {
		name    string
		do      func()
		changes datastore.Noun
	}{
		{"nothing", func() {}, ""},
		{"elsewhere", func() { w.addDeployment(t, func(d *model.Deployment) { d.ProjectID = model.NewID() }) }, ""},
		{"a first agent", func() { must(t, w.AddPiped(ctx, first)) }, datastore.NounPiped},
		{"a second agent of the same moment", func() { must(t, w.AddPiped(ctx, second)) }, datastore.NounPiped},
		{"an agent comes", func() { must(t, w.TouchPiped(ctx, first.ID, w.at(101))) }, datastore.NounPiped},
		{"a sign of life of one that is there", func() { must(t, w.TouchPiped(ctx, first.ID, w.at(102))) }, ""},
		{"one goes while another comes", func() {
			online = w.at(103)
			must(t, w.TouchPiped(ctx, second.ID, w.at(104)))
		}, datastore.NounPiped},
		{"an application", func() { application = w.addApplication(t, nil).ID }, datastore.NounApplication},
		{"a deployment", func() { deployment = w.addDeployment(t, nil).ID }, datastore.NounDeployment},
		{"a deployment changes", func() {
			_, err := w.UpdateDeployment(ctx, model.Fence{}, deployment, func(d *model.Deployment) error { d.UpdatedAt = w.at(1); return nil })
			must(t, err)
		}, datastore.NounDeployment},
		{"an application is deleted", func() {
			_, err := w.UpdateApplication(ctx, model.Fence{}, application, func(a *model.Application) error {
				a.Deleted, a.UpdatedAt = true, w.at(1)
				return nil
			})
			must(t, err)
		}, datastore.NounApplication},
	} {
		nouns := []datastore.Noun{datastore.NounApplication, datastore.NounDeployment, datastore.NounPiped}
		before := map[datastore.Noun]datastore.ListRevision{}
		for _, noun := range nouns {
			before[noun] = look(noun)
		}
		step.do()
		for _, noun := range nouns {
			if changed := look(noun) != before[noun]; changed != (noun == step.changes) {
				t.Errorf("%s: the list of %ss changed: %t", step.name, noun, changed)
			}
		}
	}
	_, err := w.ListRevision(ctx, datastore.NounCommand, w.project, online)
	wantCode(t, err, model.CodeInvalid)
}

func testEndedSessions(t *testing.T, w *world) {
	ctx := t.Context()
	ended := func(id string) bool {
		t.Helper()
		is, err := w.SessionEnded(ctx, id)
		must(t, err)
		return is
	}
	a, b, old := model.NewID(), model.NewID(), model.NewID()
	for range 2 {
		must(t, w.EndSession(ctx, a, time.Now().Add(time.Hour)))
	}
	must(t, w.EndSession(ctx, old, time.Now().Add(-time.Hour)))
	must(t, w.ForgetSessions(ctx, 2*time.Hour))
	if !ended(a) || ended(b) || !ended(old) {
		t.Errorf("ended: %t %t %t, want the first and the last", ended(a), ended(b), ended(old))
	}
	must(t, w.ForgetSessions(ctx, time.Minute))
	if !ended(a) || ended(old) {
		t.Errorf("ended: %t %t, want the first alone", ended(a), ended(old))
	}
	wantCode(t, w.EndSession(ctx, "", time.Now()), model.CodeInvalid)
}
