package datastoretest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/model"
)

func testUnhandledCommands(t *testing.T, w *world) {
	ctx := t.Context()
	var want []string
	for i := range 5 {
		c := w.newCommand(func(c *model.Command) { c.CreatedAt = w.at(-i) }) // later ones are older: commits are not ordered
		must(t, w.AddCommand(ctx, c))
		want = append([]string{c.ID}, want...)
	}
	must(t, w.AddCommand(ctx, w.newCommand(func(c *model.Command) { c.PipedID = w.other })))
	check := func() {
		t.Helper()
		list, err := w.ListUnhandledCommands(ctx, w.piped)
		must(t, err)
		var got []string
		for _, c := range list {
			got = append(got, c.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	check()
	_, err := w.UpdateCommand(ctx, model.Fence{}, want[2], func(c *model.Command) error {
		return c.ReportHandled(model.Handled{Status: model.CommandTimeout, At: w.at(9)}, w.at(9))
	})
	must(t, err)
	want = slices.Delete(want, 2, 3)
	check()
}
