package datastoretest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// RunTransfer runs the tests of moving everything. open returns an empty store,
// which reopen opens again after it was closed.
func RunTransfer(t *testing.T, open func(t *testing.T) (store datastore.Store, reopen func() (datastore.Store, error))) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(*testing.T, func(*testing.T) (datastore.Store, func() (datastore.Store, error)))
	}{
		{"EverythingComesBack", testEverythingComesBack},
		{"OneMoment", testOneMoment},
		{"NotIntoWhatIsNotEmpty", testNotEmpty},
		{"OddRecords", testOddRecords},
		{"AbandonedLeavesNothing", testAbandoned},
		{"CutOff", testCutOff},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, open)
		})
	}
}

type opener = func(*testing.T) (datastore.Store, func() (datastore.Store, error))

// Fill stores at least one of everything, with every field set and rows whose
// versions and epochs are above the first.
func Fill(t *testing.T, s datastore.Store) {
	t.Helper()
	ctx, now := t.Context(), time.Date(2026, 3, 29, 1, 30, 0, 123456000, time.UTC)
	project, piped, app := sampleProject(now), samplePiped(now), sampleApplication(now)
	must(t, s.AddProject(ctx, project))
	must(t, s.AddPiped(ctx, piped))
	must(t, s.AddApplication(ctx, app))
	live := sampleApplication(now)
	live.Deleted, live.DeletedAt, live.Description = false, time.Time{}, "日本語 \U0001F680 \"quoted\" <b>\\\n"
	must(t, s.AddApplication(ctx, live))
	for range 3 {
		_, err := s.UpdateApplication(ctx, model.Fence{}, live.ID, func(a *model.Application) error {
			a.Description += "."
			return nil
		})
		must(t, err)
	}
	must(t, s.CreateDeployment(ctx, model.Fence{}, sampleDeployment(now)))
	must(t, s.AddCommand(ctx, sampleCommand(now)))
	must(t, s.AddEvent(ctx, sampleEvent(now)))
	must(t, s.StartChain(ctx, model.Fence{}, datastore.ChainStart{Chain: sampleChain(now), First: sampleDeployment(now), Commands: []*model.Command{sampleCommand(now)}}))
	must(t, s.PutSuggestions(ctx, model.Fence{}, piped.ID, []model.ApplicationInfo{{Name: "new", Kind: model.KindECS, RepoID: "repo", Path: "new", ConfigFilename: "app.pipecd.yaml"}}))
	_, err := s.AppendLogs(ctx, []datastore.LogRecord{
		{Log: "log", Name: "a", Last: 3, Content: []byte("\x00\xff'\"\\\n")}, {Log: "log", Name: "b", Last: 4, Content: []byte("b")}, {Log: "log", Name: datastore.LogEnd},
	})
	must(t, err)
	must(t, s.SettleLog(ctx, "log", []string{datastore.LogEnd}))
	must(t, s.EndSession(ctx, "session", time.Now().Add(time.Hour)))
	for _, instance := range []string{"first", "second"} { // the epoch rises with the second
		lease, granted, err := s.AcquireLease(ctx, piped.ID, datastore.LeaseRequest{InstanceID: instance, Host: "host", TTL: time.Minute})
		must(t, err)
		if !granted {
			t.Fatal("no lease")
		}
		must(t, s.ReleaseLease(ctx, model.Fence{PipedID: piped.ID, Epoch: lease.Epoch}))
	}
}

// Records returns everything that a store holds, one line for each row.
func Records(t *testing.T, s datastore.Store) []string {
	t.Helper()
	var lines []string
	must(t, s.Export(t.Context(), func(r datastore.Record) error {
		if strings.Contains(string(r.Data), "\n") {
			return fmt.Errorf("a row of %s has a line end", r.Table)
		}
		lines = append(lines, r.Table+" "+string(r.Data))
		return nil
	}))
	return lines
}

// Copy moves everything from one store into another.
func Copy(t *testing.T, from, to datastore.Store) {
	t.Helper()
	into, err := to.BeginImport(t.Context())
	must(t, err)
	must(t, from.Export(t.Context(), func(r datastore.Record) error { return into.Put(t.Context(), r) }))
	must(t, into.Finish(t.Context()))
}

func testEverythingComesBack(t *testing.T, open opener) {
	from, _ := open(t)
	Fill(t, from)
	many := 0
	for range 700 { // more than a page of an export, and than a statement of an import
		d := sampleDeployment(time.Unix(int64(many), 0).UTC())
		d.Summary = strings.Repeat("long ", 2000)
		must(t, from.CreateDeployment(t.Context(), model.Fence{}, d))
		many++
	}
	want := Records(t, from)
	tables := map[string]bool{}
	for _, line := range want {
		table, _, _ := strings.Cut(line, " ")
		tables[table] = true
	}
	if len(tables) < 13 {
		t.Errorf("only %v have rows", tables)
	}
	to, reopen := open(t)
	Copy(t, from, to)
	must(t, to.Close())
	to, err := reopen()
	must(t, err)
	if got := Records(t, to); !slices.Equal(got, want) {
		t.Errorf("%d rows came back as %d, or not alike", len(want), len(got))
	}
	must(t, to.Close())
}

// testOneMoment: what is written during an export is not in it, not even in
// part.
func testOneMoment(t *testing.T, open opener) {
	store, _ := open(t)
	Fill(t, store)
	want := Records(t, store)
	var got []string
	must(t, store.Export(t.Context(), func(r datastore.Record) error {
		if len(got) == 0 {
			must(t, store.AddEvent(t.Context(), sampleEvent(time.Unix(9, 0).UTC())))
		}
		got = append(got, r.Table+" "+string(r.Data))
		return nil
	}))
	if !slices.Equal(got, want) {
		t.Error("a write is in the export that began before it")
	}
	if after := Records(t, store); len(after) != len(want)+1 {
		t.Errorf("%d rows became %d", len(want), len(after))
	}
}

func testNotEmpty(t *testing.T, open opener) {
	store, reopen := open(t)
	must(t, store.AddProject(t.Context(), &model.Project{ID: "p"}))
	before := Records(t, store)
	_, err := store.BeginImport(t.Context())
	wantCode(t, err, model.CodeFailedPrecondition)
	if err == nil || !strings.Contains(err.Error(), "not empty, there are projects in it") {
		t.Errorf("got %v", err)
	}
	must(t, store.Close())
	store, err = reopen() // it was not touched
	must(t, err)
	if !slices.Equal(Records(t, store), before) {
		t.Error("the refused import changed something")
	}
	must(t, store.Close())
}

func testOddRecords(t *testing.T, open opener) {
	store, _ := open(t)
	into, err := store.BeginImport(t.Context())
	must(t, err)
	must(t, into.Put(t.Context(), datastore.Record{Table: "events", Data: []byte(`{"id":"e","project_id":"p","document":"{}"}`)}))
	for _, r := range []datastore.Record{
		{Table: "goose_db_version", Data: []byte(`{}`)},
		{Table: "events; DROP TABLE events", Data: []byte(`{}`)},
		{Table: "projects", Data: []byte(`{}`)}, // out of order
		{Table: "events", Data: []byte(`{"new_column":1}`)},
		{Table: "events", Data: []byte(`{"id":1}`)},
		{Table: "events", Data: []byte(`[]`)},
		{Table: "events", Data: []byte(`{`)},
	} {
		wantCode(t, into.Put(t.Context(), r), model.CodeInvalid)
	}
	must(t, into.Finish(t.Context()))
	if got := Records(t, store); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

func testAbandoned(t *testing.T, open opener) {
	from, _ := open(t)
	Fill(t, from)
	to, _ := open(t)
	into, err := to.BeginImport(t.Context())
	must(t, err)
	broken := errors.New("the archive ends here")
	err = from.Export(t.Context(), func(r datastore.Record) error {
		if r.Table == "events" {
			return broken
		}
		return into.Put(t.Context(), r)
	})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	must(t, into.Abandon(t.Context()))
	if left := Records(t, to); len(left) != 0 {
		t.Errorf("it left %v", left)
	}
	Copy(t, from, to) // which is possible again
	if !slices.Equal(Records(t, from), Records(t, to)) {
		t.Error("not everything came")
	}
}

// testCutOff: nobody works on half a state, and nobody fills it a second time.
func testCutOff(t *testing.T, open opener) {
	store, reopen := open(t)
	into, err := store.BeginImport(t.Context())
	must(t, err)
	_, err = store.BeginImport(t.Context())
	wantCode(t, err, model.CodeFailedPrecondition)
	must(t, into.Put(t.Context(), datastore.Record{Table: "projects", Data: []byte(`{"id":"p","document":"{}"}`)}))
	must(t, store.Close())
	_, err = reopen()
	wantCode(t, err, model.CodeFailedPrecondition)
	if err == nil || !strings.Contains(err.Error(), "was cut off") {
		t.Errorf("got %v", err)
	}
}
