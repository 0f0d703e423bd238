package datastoretest

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// Ages that every record of a test has, and none.
const (
	anyAge = 0
	tooOld = time.Hour
)

// record returns one whose content tells which it is.
func record(log, name string, last int64) datastore.LogRecord {
	return datastore.LogRecord{Log: log, Name: name, Last: last, Content: []byte(log + name)}
}

func end(log string) datastore.LogRecord {
	return datastore.LogRecord{Log: log, Name: datastore.LogEnd}
}

// appendLogs appends records of which none is refused.
func (w *world) appendLogs(t *testing.T, records ...datastore.LogRecord) {
	t.Helper()
	ended, err := w.AppendLogs(t.Context(), records)
	must(t, err)
	if len(ended) > 0 {
		t.Errorf("the logs %q had ended before", ended)
	}
}

func (w *world) wantLog(t *testing.T, log string, from int64, want ...datastore.LogRecord) {
	t.Helper()
	got, err := w.ReadLog(t.Context(), log, from)
	must(t, err)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the log %s from %d (-want +got):\n%s", log, from, diff)
	}
}

// testLogJournal: records come back by name and as they went in, of their own log
// and from an index on, until they are settled.
func testLogJournal(t *testing.T, w *world) {
	one, two := "one/"+w.project, "two/"+w.project
	odd := datastore.LogRecord{Log: one, Name: "c", Last: 1 << 62, Content: []byte("\x00'\"\\\xff�\U0001F600 %s ?")}
	w.appendLogs(t)
	w.appendLogs(t, record(one, "b", 20), record(two, "a", 7), record(one, "a", 10))
	w.appendLogs(t, odd, datastore.LogRecord{Log: one, Name: "full"})
	w.wantLog(t, one, 0, record(one, "a", 10), record(one, "b", 20), odd, datastore.LogRecord{Log: one, Name: "full"})
	w.wantLog(t, one, 20, record(one, "b", 20), odd, datastore.LogRecord{Log: one, Name: "full"})
	w.wantLog(t, two, 0, record(two, "a", 7))
	w.wantLog(t, two, 8)
	w.wantLog(t, "none/"+w.project, 0)

	// What is there already stays as it is, and what comes with it is stored.
	other := record(one, "a", 10)
	other.Content = []byte("other")
	w.appendLogs(t, other, record(one, "d", 30))
	w.wantLog(t, one, 0, record(one, "a", 10), record(one, "b", 20), odd, record(one, "d", 30), datastore.LogRecord{Log: one, Name: "full"})

	must(t, w.SettleLog(t.Context(), one, []string{"a", "b", "full", "not there"}))
	must(t, w.SettleLog(t.Context(), one, nil))
	w.wantLog(t, one, 0, odd, record(one, "d", 30))
	w.wantLog(t, two, 0, record(two, "a", 7))
}

// testLogEnd: nothing follows the end of a log, also when the end was settled,
// until it is forgotten.
func testLogEnd(t *testing.T, w *world) {
	ctx := t.Context()
	one, two := "one/"+w.project, "two/"+w.project
	w.appendLogs(t, record(one, "a", 1), end(one), record(two, "a", 1))
	refused := func(when string) {
		t.Helper()
		ended, err := w.AppendLogs(ctx, []datastore.LogRecord{record(one, "b", 2), record(two, when, 2), end(one)})
		must(t, err)
		if !slices.Equal(ended, []string{one}) {
			t.Errorf("%s: the logs %q had ended", when, ended)
		}
	}
	refused("ended")
	w.wantLog(t, one, 0, record(one, "a", 1), end(one))
	w.wantLog(t, two, 0, record(two, "a", 1), record(two, "ended", 2)) // the others were stored

	must(t, w.SettleLog(ctx, one, []string{"a", datastore.LogEnd}))
	w.wantLog(t, one, 0, end(one))
	refused("settled")
	must(t, w.ForgetLogEnds(ctx, tooOld))
	refused("not forgotten")

	w.appendLogs(t, end(two))
	must(t, w.ForgetLogEnds(ctx, anyAge))
	w.wantLog(t, one, 0)
	w.wantLog(t, two, 0, record(two, "a", 1), end(two), record(two, "ended", 2), record(two, "not forgotten", 2), record(two, "settled", 2))
}

// testWaitingLogs: logs wait until everything of them is settled, and are found by
// how long they do. The backlog counts the same.
func testWaitingLogs(t *testing.T, w *world) {
	ctx := t.Context()
	ours := func(age time.Duration) []string {
		t.Helper()
		logs, err := w.WaitingLogs(ctx, age, datastore.MaxLogRecords)
		must(t, err)
		return slices.DeleteFunc(logs, func(log string) bool { return !strings.HasSuffix(log, w.project) })
	}
	first, second, third := "z/"+w.project, "y/"+w.project, "x/"+w.project
	before, err := w.BacklogOfLogs(ctx)
	must(t, err)
	for _, r := range []datastore.LogRecord{record(first, "a", 1), end(second), record(third, "a", 1), record(first, "b", 1)} {
		w.appendLogs(t, r)
	}
	if got := ours(anyAge); !slices.Equal(got, []string{first, second, third}) {
		t.Errorf("%q wait", got)
	}
	if got := ours(tooOld); len(got) > 0 {
		t.Errorf("%q wait since long", got)
	}
	after, err := w.BacklogOfLogs(ctx)
	must(t, err)
	if after.Records < 4 || after.Since.IsZero() || before.Records == 0 && !before.Since.IsZero() {
		t.Errorf("%+v wait, and %+v did", after, before)
	}
	must(t, w.SettleLog(ctx, first, []string{"a", "b"}))
	must(t, w.SettleLog(ctx, second, []string{datastore.LogEnd}))
	if got := ours(anyAge); !slices.Equal(got, []string{third}) {
		t.Errorf("%q wait after the others were settled", got)
	}
	for _, limit := range []int{0, datastore.MaxLogRecords + 1} {
		_, err := w.WaitingLogs(ctx, anyAge, limit)
		wantCode(t, err, model.CodeInvalid)
	}
}

// testRefusedRecords: what cannot be kept whole is refused, with everything that
// came with it.
func testRefusedRecords(t *testing.T, w *world) {
	log := "one/" + w.project
	large := record(log, "b", 1)
	large.Content = make([]byte, 9<<20)
	for name, bad := range map[string]datastore.LogRecord{
		"no log": record("", "b", 1), "long log": record(strings.Repeat("l", 513), "b", 1),
		"no name": record(log, "", 1), "long name": record(log, strings.Repeat("n", 129), 1), "large": large,
	} {
		if _, err := w.AppendLogs(t.Context(), []datastore.LogRecord{record(log, "a", 1), bad}); model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("%s: got %v", name, err)
		}
	}
	_, err := w.AppendLogs(t.Context(), slices.Repeat([]datastore.LogRecord{record(log, "a", 1)}, datastore.MaxLogRecords+1))
	wantCode(t, err, model.CodeInvalid)
	w.wantLog(t, log, 0)
	whole := datastore.LogRecord{Log: strings.Repeat("l", 470) + w.project, Name: strings.Repeat("n", 128), Content: make([]byte, 4<<20)}
	w.appendLogs(t, whole)
	got, err := w.ReadLog(t.Context(), whole.Log, 0)
	must(t, err)
	if len(got) != 1 || got[0].Name != whole.Name || !bytes.Equal(got[0].Content, whole.Content) {
		t.Errorf("a large record did not come back whole: %d records", len(got))
	}
	must(t, w.SettleLog(t.Context(), whole.Log, []string{whole.Name}))
}

// testLogsTogether: many append, some the same, while others settle. Nothing is
// lost and nothing is settled that was not said to be.
func testLogsTogether(t *testing.T, w *world) {
	const (
		writers = 8
		each    = 20
	)
	log := "one/" + w.project
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			for i := range each {
				records := []datastore.LogRecord{record(log, "shared"+strconv.Itoa(i), 1), record(log, fmt.Sprintf("own %d %d", writer, i), 1)}
				if _, err := w.AppendLogs(t.Context(), records); err != nil {
					t.Error(err)
				}
				if err := w.SettleLog(t.Context(), log, []string{fmt.Sprintf("own %d %d", writer, i-1)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	var want []datastore.LogRecord
	for writer := range writers {
		want = append(want, record(log, fmt.Sprintf("own %d %d", writer, each-1), 1))
	}
	for i := range each {
		want = append(want, record(log, "shared"+strconv.Itoa(i), 1))
	}
	slices.SortFunc(want, func(a, b datastore.LogRecord) int { return strings.Compare(a.Name, b.Name) })
	w.wantLog(t, log, 0, want...)
}
