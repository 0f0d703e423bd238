package stagelog_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/stagelog"
	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/filestore"
	"pipecd/pkg/filestore/local"
	"pipecd/pkg/model"
)

// stores are what processes share.
type stores struct {
	journal datastore.LogJournal
	files   filestore.Store
}

func open(t *testing.T) stores {
	t.Helper()
	files, err := local.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: sqlite.Memory})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(files.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	return stores{store, files}
}

// logs returns what a process that knows nothing yet works with.
func (s stores) logs() *stagelog.Logs {
	return stagelog.New(stagelog.Options{Journal: s.journal, Files: s.files, Hub: new(notify.Hub)})
}

var key = stagelog.Key{DeploymentID: "d", StageID: "s"}

func blocks(first, last int64) []model.LogBlock {
	var out []model.LogBlock
	for i := first; i <= last; i++ {
		out = append(out, model.LogBlock{Index: i, Log: "line " + strconv.FormatInt(i, 10), Severity: model.LogSuccess, CreatedAt: time.Unix(i, 0).UTC()})
	}
	return out
}

// all reads a log page by page.
func all(t *testing.T, l *stagelog.Logs, k stagelog.Key, from int64) ([]model.LogBlock, bool) {
	t.Helper()
	var out []model.LogBlock
	for {
		page, err := l.Read(t.Context(), k, from)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, page.Blocks...)
		if !page.More {
			return out, page.Completed
		}
		if len(page.Blocks) == 0 || len(page.Blocks) > stagelog.MaxPage {
			t.Fatalf("got a page of %d entries with more to come", len(page.Blocks))
		}
		from = page.Blocks[len(page.Blocks)-1].Index + 1
	}
}

func add(t *testing.T, l *stagelog.Logs, b []model.LogBlock, completed bool) {
	t.Helper()
	if err := l.Append(t.Context(), key, b, completed); err != nil {
		t.Fatal(err)
	}
}

// Batches that repeat, overlap and come in any order, through processes that
// know nothing of each other, make one log without gaps and repeats.
func TestMerge(t *testing.T) {
	t.Parallel()
	st := open(t)
	one, two := st.logs(), st.logs()
	add(t, one, blocks(100, 140), false)
	add(t, two, blocks(130, 150), false)
	add(t, one, blocks(100, 160), false)
	add(t, two, blocks(10, 20), false)
	add(t, one, append(blocks(161, 161), blocks(163, 170)...), false) // with a gap
	add(t, st.logs(), blocks(162, 162), false)
	want := slices.Concat(blocks(10, 20), blocks(100, 170))
	got, completed := all(t, two, key, 0)
	if diff := cmp.Diff(want, got); diff != "" || completed {
		t.Errorf("completed %t, %s", completed, diff)
	}
	if got, _ := all(t, two, key, 135); got[0].Index != 135 || len(got) != 36 {
		t.Errorf("got %d entries from %d", len(got), got[0].Index)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	l := open(t).logs()
	add(t, l, blocks(1, 2500), false)
	big := blocks(2501, 2600)
	for i := range big {
		big[i].Log = strings.Repeat("x", stagelog.MaxLineLength)
	}
	add(t, l, big, false)
	add(t, l, blocks(2601, 2700), true)
	got, completed := all(t, l, key, 0)
	if diff := cmp.Diff(slices.Concat(blocks(1, 2500), big, blocks(2601, 2700)), got); diff != "" || !completed {
		t.Errorf("completed %t, %.500s", completed, diff)
	}
}

func TestEnd(t *testing.T) {
	t.Parallel()
	st := open(t)
	l := st.logs()
	add(t, l, blocks(1, 10), true)
	for name, l := range map[string]*stagelog.Logs{"same process": l, "after a restart": st.logs()} {
		for _, again := range [][]model.LogBlock{nil, blocks(1, 10), blocks(5, 6)} {
			if err := l.Append(t.Context(), key, again, true); err != nil {
				t.Errorf("%s: a repeat of %d entries: %v", name, len(again), err)
			}
		}
		if err := l.Append(t.Context(), key, blocks(10, 11), false); model.CodeOf(err) != model.CodeFailedPrecondition {
			t.Errorf("%s: got %v for a new entry", name, err)
		}
	}
	other := key
	other.Attempt = 1
	if err := l.Append(t.Context(), other, blocks(1, 1), false); err != nil {
		t.Errorf("the next attempt: %v", err)
	}
	if got, _ := all(t, l, key, 0); len(got) != 10 {
		t.Errorf("got %d entries", len(got))
	}
}

// A process that finds out late that another one ended the log does not write.
func TestEndByAnotherProcess(t *testing.T) {
	t.Parallel()
	st := open(t)
	one, two := st.logs(), st.logs()
	add(t, one, blocks(1, 5), false)
	add(t, two, blocks(6, 9), true)
	add(t, one, blocks(1, 9), true)
	if err := one.Append(t.Context(), key, blocks(10, 10), false); model.CodeOf(err) != model.CodeFailedPrecondition {
		t.Errorf("got %v", err)
	}
}

func TestLimitOfLines(t *testing.T) {
	t.Parallel()
	st := open(t)
	l := st.logs()
	add(t, l, blocks(1, stagelog.MaxLines-10), false)
	add(t, st.logs(), blocks(stagelog.MaxLines-9, stagelog.MaxLines+50), false)
	l = st.logs() // it remembers after a restart
	add(t, l, blocks(stagelog.MaxLines+51, stagelog.MaxLines+99), false)
	add(t, l, blocks(1, stagelog.MaxLines+99), true)
	got, completed := all(t, l, key, stagelog.MaxLines-1)
	if len(got) != 3 || !completed || !strings.Contains(got[2].Log, "reached its limit") {
		t.Errorf("completed %t, got %d entries at the end: %.500v", completed, len(got), got)
	}
}

func TestLimitOfBytes(t *testing.T) {
	t.Parallel()
	l := open(t).logs()
	const each = 1 << 20
	for i := range int64(20) {
		b := blocks(i*16, i*16+15)
		for j := range b {
			b[j].Log = strings.Repeat("é", each/16/2)
		}
		add(t, l, b, false)
	}
	got, _ := all(t, l, key, 0)
	if n := len(got); n != 16*16+1 || !strings.Contains(got[n-1].Log, "reached its limit") {
		t.Errorf("got %d entries", n)
	}
}

func TestLongLineIsCut(t *testing.T) {
	t.Parallel()
	l := open(t).logs()
	b := blocks(1, 1)
	b[0].Log = strings.Repeat("é", stagelog.MaxLineLength)
	add(t, l, b, false)
	got, _ := all(t, l, key, 0)
	if len(got[0].Log) > stagelog.MaxLineLength+100 || !strings.HasSuffix(got[0].Log, "too long)") {
		t.Errorf("got %d bytes", len(got[0].Log))
	}
	if err := l.Append(t.Context(), key, []model.LogBlock{{Index: -1, Log: "x"}}, false); model.CodeOf(err) != model.CodeInvalid {
		t.Errorf("got %v for a negative index", err)
	}
}

func TestOddIDs(t *testing.T) {
	t.Parallel()
	l := open(t).logs()
	ids := []string{"../x", "a/b", "", "..", strings.Repeat("x", 500), "\x00", "a b", "é"}
	for i, id := range ids {
		k := stagelog.Key{DeploymentID: "d", StageID: id}
		if err := l.Append(t.Context(), k, blocks(int64(i), int64(i)), false); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
	for i, id := range ids {
		got, _ := all(t, l, stagelog.Key{DeploymentID: "d", StageID: id}, 0)
		if diff := cmp.Diff(blocks(int64(i), int64(i)), got); diff != "" {
			t.Errorf("%q: %s", id, diff)
		}
	}
}

// flaky fails to store two times of three, after or before it did.
type flaky struct {
	datastore.LogJournal

	mu sync.Mutex
	n  int
}

var errFlaky = model.Wrap(model.CodeUnavailable, errors.New("flaky"), "storing")

func (f *flaky) AppendLogs(ctx context.Context, records []datastore.LogRecord) ([]string, error) {
	f.mu.Lock()
	f.n++
	n := f.n
	f.mu.Unlock()
	switch n % 3 {
	case 0:
		return nil, errFlaky
	case 1:
		if ended, err := f.LogJournal.AppendLogs(ctx, records); err != nil {
			return ended, err
		}
		return nil, errFlaky
	default:
		return f.LogJournal.AppendLogs(ctx, records)
	}
}

// What was acknowledged is there, whatever failed in between.
func TestRetriesAfterFailures(t *testing.T) {
	t.Parallel()
	st, hub := open(t), new(notify.Hub)
	l := stagelog.New(stagelog.Options{Journal: &flaky{LogJournal: st.journal}, Files: st.files, Hub: hub})
	changed, stop := hub.Subscribe(notify.StageLog("d", "s"))
	defer stop()
	for first := int64(0); first < 100; first += 10 {
		for {
			err := l.Append(t.Context(), key, blocks(first, first+9), first == 90)
			if err == nil {
				break
			}
			if !model.IsRetryable(err) {
				t.Fatal(err)
			}
		}
	}
	got, completed := all(t, l, key, 0)
	if diff := cmp.Diff(blocks(0, 99), got); diff != "" || !completed {
		t.Errorf("completed %t, %s", completed, diff)
	}
	select {
	case <-changed:
	default:
		t.Error("watchers were not told")
	}
}

func TestConcurrentWriters(t *testing.T) {
	t.Parallel()
	l := open(t).logs()
	var writers sync.WaitGroup
	for w := range int64(8) {
		writers.Go(func() {
			for i := range int64(10) {
				if err := l.Append(t.Context(), key, blocks(i*10, i*10+9+w), false); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	got, _ := all(t, l, key, 0)
	if diff := cmp.Diff(blocks(0, 106), got); diff != "" {
		t.Error(diff)
	}
}
