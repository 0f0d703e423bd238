package stagechecks_test

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/stagechecks"
	"pipecd/pkg/controlplane/stagelog"
	"pipecd/pkg/filestore"
	"pipecd/pkg/filestore/local"
	"pipecd/pkg/model"
)

var key = stagelog.Key{DeploymentID: "d", StageID: "s"}

func open(t *testing.T) filestore.Store {
	t.Helper()
	files, err := local.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := files.Close(); err != nil {
			t.Error(err)
		}
	})
	return files
}

// check is the check with the index, and what it said.
func check(index int, message string) model.AnalysisCheck {
	at := time.Unix(1_700_000_000+int64(index)*60, 5000).UTC()
	return model.AnalysisCheck{
		Metric: "metrics-0", Index: index, Strategy: "THRESHOLD", From: at, To: at.Add(time.Minute), AskedAt: at.Add(61 * time.Second),
		Query: "avg:<errors>{*}", Min: new(0.5), Max: new(math.Inf(1)), Omitted: 3, Verdict: "FAIL", Failed: true, Message: message,
		Series: []model.AnalysisSeries{{Name: "errors", Scope: "host:a", Points: []model.AnalysisPoint{
			{Time: at, Value: 1.25}, {Time: at, Value: math.NaN()}, {Time: at, Value: math.Inf(-1)}, {Time: at, Value: 1e-300},
		}}},
	}
}

func add(t *testing.T, c *stagechecks.Checks, checks ...model.AnalysisCheck) {
	t.Helper()
	if err := c.Append(t.Context(), key, checks); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // of virtual time: what arrives later has a later name
}

// all reads page by page and keeps of each check the latest.
func all(t *testing.T, c *stagechecks.Checks) (messages map[int]string, pages int, cursor string) {
	t.Helper()
	messages = map[int]string{}
	for {
		page, err := c.Read(t.Context(), key, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, check := range page.Checks {
			messages[check.Index] = check.Message
		}
		pages, cursor = pages+1, page.Cursor
		if !page.More {
			return messages, pages, cursor
		}
	}
}

func names(t *testing.T, files filestore.Store) int {
	t.Helper()
	paths, err := files.List(t.Context(), "analysis/d/s/0/", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return len(paths)
}

func TestWhatIsStoredComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := stagechecks.New(open(t), new(notify.Hub))
		want := []model.AnalysisCheck{check(0, "a \"quoted\"\nline"), check(1, "b")}
		add(t, c, want...)
		page, err := c.Read(t.Context(), key, "")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, page.Checks, cmpopts.EquateNaNs()); diff != "" || page.More {
			t.Errorf("more=%t (-want +got):\n%s", page.More, diff)
		}
	})
}

// TestRepeats: a batch that is sent again is not stored again, a check that is
// reported again replaces the earlier one, and processes need not know of each
// other.
func TestRepeats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		files := open(t)
		one, two := stagechecks.New(files, new(notify.Hub)), stagechecks.New(files, new(notify.Hub))
		add(t, one, check(0, "first"), check(1, "died here"))
		add(t, two, check(0, "first"), check(1, "died here"))
		if got := names(t, files); got != 1 {
			t.Errorf("%d batches after a repeat, want 1", got)
		}
		add(t, two, check(1, "looked again"), check(2, "third"))
		messages, _, _ := all(t, one)
		if diff := cmp.Diff(map[int]string{0: "first", 1: "looked again", 2: "third"}, messages); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		page, err := one.Read(t.Context(), key, "")
		if err != nil || len(page.Checks) != 3 {
			t.Errorf("a page of %d checks, want no doubles; error %v", len(page.Checks), err)
		}
	})
}

// TestPagesAndFollowing: a large stage comes in pages, and a cursor brings what
// is added later.
func TestPagesAndFollowing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := stagechecks.New(open(t), new(notify.Hub))
		for i := range 30 {
			add(t, c, check(i, strings.Repeat("x", 100<<10)))
		}
		messages, pages, cursor := all(t, c)
		if len(messages) != 30 || pages < 3 || pages > 5 {
			t.Errorf("%d checks in %d pages", len(messages), pages)
		}
		page, err := c.Read(t.Context(), key, cursor)
		if err != nil || len(page.Checks) != 0 || page.Cursor != cursor || page.More {
			t.Errorf("after the end: %+v, %v", page, err)
		}
		add(t, c, check(30, "new"))
		page, err = c.Read(t.Context(), key, cursor)
		if err != nil || len(page.Checks) != 1 || page.Checks[0].Message != "new" {
			t.Errorf("what came later: %+v, %v", page, err)
		}
		if _, err := c.Read(t.Context(), key, "../../log"); model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("a made-up cursor: %v", err)
		}
		if page, err := c.Read(t.Context(), stagelog.Key{DeploymentID: "other", StageID: "s"}, ""); err != nil || len(page.Checks) != 0 {
			t.Errorf("another deployment: %+v, %v", page, err)
		}
	})
}

// TestClockAhead: what arrives at a server after another one, whose clock is
// ahead, comes after it for readers too.
func TestClockAhead(t *testing.T) {
	t.Parallel()
	files := open(t)
	c := stagechecks.New(files, new(notify.Hub))
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(5 * time.Minute)
		add(t, c, check(0, "ahead"))
	})
	synctest.Test(t, func(t *testing.T) { // which begins at the same time again
		_, _, cursor := all(t, c)
		add(t, c, check(1, "behind"))
		add(t, c, check(2, "behind"))
		page, err := c.Read(t.Context(), key, cursor)
		if err != nil || len(page.Checks) != 2 || page.Checks[0].Index != 1 || page.Checks[1].Index != 2 {
			t.Errorf("after the first came %+v (%v)", page.Checks, err)
		}
	})
}

func TestLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := stagechecks.New(open(t), new(notify.Hub))
		var err error
		for i := 0; err == nil && i < 10; i++ {
			err = c.Append(t.Context(), key, []model.AnalysisCheck{check(i, strings.Repeat("x", 15<<20))})
		}
		if model.CodeOf(err) != model.CodeExhausted {
			t.Errorf("got %v, want code %s", err, model.CodeExhausted)
		}
	})
}

func TestWatchersAreTold(t *testing.T) {
	t.Parallel()
	hub := new(notify.Hub)
	changed, stop := hub.Subscribe(notify.StageAnalysis("d", "s"))
	defer stop()
	if err := stagechecks.New(open(t), hub).Append(t.Context(), key, []model.AnalysisCheck{check(0, "a")}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changed:
	default:
		t.Error("nobody was told")
	}
}

// TestDamage: what cannot be read is left out, what cannot be reached is an
// error.
func TestDamage(t *testing.T) {
	t.Parallel()
	files := open(t)
	c := stagechecks.New(files, new(notify.Hub))
	if err := c.Append(t.Context(), key, []model.AnalysisCheck{check(0, "a")}); err != nil {
		t.Fatal(err)
	}
	paths, err := files.List(t.Context(), "analysis/", "", 10)
	if err != nil || len(paths) != 1 {
		t.Fatal(paths, err)
	}
	for _, name := range []string{"foreign", "1-2-3.jsonl", "00000000000000000009-3-ab.jsonl"} {
		if err := files.Put(t.Context(), "analysis/d/s/0/"+name, []byte("{{{\n")); err != nil {
			t.Fatal(err)
		}
	}
	page, err := c.Read(t.Context(), key, "")
	if err != nil || len(page.Checks) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
	if err := c.Append(t.Context(), key, nil); err != nil {
		t.Errorf("an empty batch: %v", err)
	}
}
