package datastoretest

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

func testEqualTimes(t *testing.T, w *world) {
	var want []string
	for range 11 {
		want = append(want, w.addApplication(t, nil).ID)
	}
	slices.Sort(want)
	slices.Reverse(want) // newest first: the greatest id too
	for _, size := range []int{1, 3, 10, 11, 12} {
		got := walk(t, size, applicationID, w.applications(datastore.ApplicationFilter{ProjectID: w.project}))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pages of %d (-want +got):\n%s", size, diff)
		}
	}
}

// testPagesUnderInserts: rows that come while somebody reads neither repeat
// nor hide rows that were there before.
func testPagesUnderInserts(t *testing.T, w *world) {
	var want, got []string
	for i := range 9 {
		want = append(want, w.addDeployment(t, func(d *model.Deployment) { d.CreatedAt = w.at(-i) }).ID)
	}
	cursor := ""
	for {
		page, next, err := w.ListDeployments(t.Context(), datastore.DeploymentFilter{ProjectID: w.project}, datastore.Page{Size: 2, Cursor: cursor})
		must(t, err)
		for _, d := range page {
			got = append(got, d.ID)
		}
		if next == "" {
			break
		}
		cursor = next
		w.addDeployment(t, func(d *model.Deployment) { d.CreatedAt = w.at(1 + len(got)) })
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func testPageSizes(t *testing.T, w *world) {
	for range datastore.DefaultPageSize + 1 {
		w.addDeployment(t, nil)
	}
	list := w.deployments(datastore.DeploymentFilter{ProjectID: w.project})
	page, next, err := list(t.Context(), datastore.Page{})
	must(t, err)
	if len(page) != datastore.DefaultPageSize || next == "" {
		t.Errorf("a page of the default size has %d rows and the cursor %q", len(page), next)
	}
	for _, size := range []int{-1, datastore.MaxPageSize + 1} {
		_, _, err := list(t.Context(), datastore.Page{Size: size})
		wantCode(t, err, model.CodeInvalid)
	}
}

func testForeignCursors(t *testing.T, w *world) {
	for i := range 3 {
		w.addDeployment(t, func(d *model.Deployment) { d.CreatedAt = w.at(i) })
		w.addApplication(t, nil)
		must(t, w.AddPiped(t.Context(), w.newPiped(string(rune('a'+i)))))
		must(t, w.AddProject(t.Context(), &model.Project{ID: model.NewID()}))
	}
	type list func(ctx context.Context, page datastore.Page) (next string, err error)
	lists := map[string]list{
		"projects": func(ctx context.Context, p datastore.Page) (string, error) {
			_, next, err := w.ListProjects(ctx, p)
			return next, err
		},
		"pipeds": func(ctx context.Context, p datastore.Page) (string, error) {
			_, next, err := w.ListPipeds(ctx, w.project, p)
			return next, err
		},
		"open": func(ctx context.Context, p datastore.Page) (string, error) {
			_, next, err := w.ListOpenDeployments(ctx, w.piped, p)
			return next, err
		},
		"applications": func(ctx context.Context, p datastore.Page) (string, error) {
			_, next, err := w.ListApplications(ctx, datastore.ApplicationFilter{ProjectID: w.project}, p)
			return next, err
		},
		"applications of a piped": func(ctx context.Context, p datastore.Page) (string, error) {
			_, next, err := w.ListApplications(ctx, datastore.ApplicationFilter{ProjectID: w.project, PipedID: w.piped}, p)
			return next, err
		},
		"deployments": func(ctx context.Context, p datastore.Page) (string, error) {
			_, next, err := w.ListDeployments(ctx, datastore.DeploymentFilter{ProjectID: w.project}, p)
			return next, err
		},
	}
	for from, read := range lists {
		cursor, err := read(t.Context(), datastore.Page{Size: 1})
		must(t, err)
		for to, read := range lists {
			want := model.CodeInvalid
			if from == to {
				want = ""
			}
			_, err := read(t.Context(), datastore.Page{Size: 2, Cursor: cursor})
			if got := model.CodeOf(err); got != want {
				t.Errorf("cursor of %s used for %s: code %q, want %q", from, to, got, want)
			}
		}
	}
}

func testDamagedCursors(t *testing.T, w *world) {
	for range 2 {
		w.addDeployment(t, nil)
	}
	list := w.deployments(datastore.DeploymentFilter{ProjectID: w.project})
	_, cursor, err := list(t.Context(), datastore.Page{Size: 1})
	must(t, err)
	bad := []string{"x", "=", cursor + "A", cursor[:len(cursor)-1], cursor[1:], "' OR 1=1 --", "\x00\xff", cursor + cursor}
	for i := range cursor {
		changed := []byte(cursor)
		changed[i] = 'A' + (changed[i]+1)%26
		if string(changed) != cursor {
			bad = append(bad, string(changed))
		}
	}
	for _, c := range bad {
		_, _, err := list(t.Context(), datastore.Page{Size: 1, Cursor: c})
		wantCode(t, err, model.CodeInvalid)
	}
}
