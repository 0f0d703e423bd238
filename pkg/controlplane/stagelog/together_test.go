package stagelog_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"pipecd/pkg/controlplane/stagelog"
	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/mysql"
	"pipecd/pkg/filestore/objectstore"
	"pipecd/pkg/model"
	"pipecd/pkg/realservers"
)

// TestNoHoles: while two processes write a log and move it again and again, a
// reader sees at each moment everything that was acknowledged before, and no entry
// without those before it.
func TestNoHoles(t *testing.T) {
	t.Parallel()
	open(t).noHoles(t, 2000)
}

// TestNoHolesOnRealServers is the same on MariaDB and MinIO.
func TestNoHolesOnRealServers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	database, err := realservers.StartMariaDB(t.Context(), dir)
	if realservers.MayBeMissing(err) {
		t.Skip(err)
	}
	must(t, err)
	t.Cleanup(func() { must(t, database.Kill()) })
	bucket, err := realservers.StartMinIO(t.Context(), dir)
	if realservers.MayBeMissing(err) {
		t.Skip(err)
	}
	must(t, err)
	t.Cleanup(func() { must(t, bucket.Kill()) })
	access, secret, err := realservers.KeyFiles(dir)
	must(t, err)
	files, err := objectstore.OpenMinIO(t.Context(), objectstore.MinIO{
		Endpoint: bucket.Endpoint(), Bucket: "pipecd", AccessKeyFile: access, SecretKeyFile: secret, CreateBucket: true,
	})
	must(t, err)
	t.Cleanup(func() { must(t, files.Close()) })
	must(t, database.CreateDatabase(t.Context(), "logs"))
	store, err := mysql.Open(t.Context(), mysql.Options{URL: "root:" + realservers.MariaDBPassword + "@tcp(" + database.Address() + ")", Database: "logs"})
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	stores{store, files}.noHoles(t, 300)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s stores) noHoles(t *testing.T, entries int64) {
	t.Helper()
	processes := []*stagelog.Logs{s.logs(), s.logs()}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var (
		acknowledged atomic.Int64 // so many entries, from the first
		around       sync.WaitGroup
	)
	for _, l := range processes {
		around.Go(func() {
			for ctx.Err() == nil {
				if err := l.Move(ctx, key); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
		around.Go(func() {
			for ctx.Err() == nil {
				least := acknowledged.Load()
				seen := prefix(ctx, t, l)
				if seen < least && ctx.Err() == nil {
					t.Errorf("of %d entries %d were read", least, seen)
					return
				}
			}
		})
	}
	for i := range entries {
		must(t, processes[i%2].Append(t.Context(), key, blocks(i, i), i == entries-1))
		acknowledged.Store(i + 1)
	}
	stop()
	around.Wait()
	s.wantLog(t, blocks(0, entries-1), true)
	must(t, processes[0].Move(t.Context(), key))
	s.wantLog(t, blocks(0, entries-1), true)
}

// prefix reads the log as a follower does and returns how many entries it has.
func prefix(ctx context.Context, t *testing.T, l *stagelog.Logs) (seen int64) {
	t.Helper()
	for {
		page, err := l.Read(ctx, key, seen)
		if err != nil {
			if ctx.Err() == nil {
				t.Error(err)
			}
			return seen
		}
		for _, b := range page.Blocks {
			if b.Index != seen {
				t.Errorf("the entry %d comes after %d entries", b.Index, seen)
			}
			seen = b.Index + 1
		}
		if !page.More {
			return seen
		}
	}
}

// gate lets one commit after the other pass when it is told to, and counts.
type gate struct {
	datastore.LogJournal

	pass    chan struct{}
	begun   chan int // records of each commit
	refuses string   // the log of which nothing is taken
}

func (g *gate) AppendLogs(ctx context.Context, records []datastore.LogRecord) ([]string, error) {
	g.begun <- len(records)
	<-g.pass
	for _, r := range records {
		if g.refuses != "" && r.Log == g.refuses {
			return nil, model.Errorf(model.CodeInvalid, "not this one")
		}
	}
	return g.LogJournal.AppendLogs(ctx, records)
}

func keyOf(i int) stagelog.Key {
	return stagelog.Key{DeploymentID: "d", StageID: "s", Attempt: int32(i)}
}

// TestCallsShareACommit: whoever comes while a commit is under way is in the next
// one; each has its own outcome, and one that gave up changes nothing for others.
func TestCallsShareACommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, callsShareACommit)
}

func callsShareACommit(t *testing.T) {
	const others = 20
	st := open(t)
	g := &gate{LogJournal: st.journal, pass: make(chan struct{}), begun: make(chan int, 100), refuses: keyOf(7).Path()}
	st.journal = g
	l := st.logs()
	errs := make([]error, others+1)
	first, giveUp := context.WithCancel(t.Context())
	var calls sync.WaitGroup
	calls.Go(func() { errs[0] = l.Append(first, keyOf(0), blocks(0, 0), false) })
	if n := <-g.begun; n != 1 {
		t.Fatalf("the first commit has %d records", n)
	}
	giveUp() // the one that makes the commit; it is made all the same
	for i := 1; i <= others; i++ {
		calls.Go(func() { errs[i] = l.Append(t.Context(), keyOf(i), blocks(0, 1), i%2 == 0) })
	}
	synctest.Wait() // all of them wait
	g.pass <- struct{}{}
	if n := <-g.begun; n != others+others/2 {
		t.Errorf("the second commit has %d records", n)
	}
	close(g.pass) // refused for one of them, so each is stored alone
	calls.Wait()
	for i, err := range errs {
		want := model.Code("")
		if i == 7 {
			want = model.CodeInvalid
		}
		if model.CodeOf(err) != want {
			t.Errorf("call %d: %v", i, err)
		}
		got, done := all(t, l, keyOf(i), 0)
		if i > 0 && i != 7 && (len(got) != 2 || done != (i%2 == 0)) {
			t.Errorf("log %d has %d entries, completed %t", i, len(got), done)
		}
	}
}
