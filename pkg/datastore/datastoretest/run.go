package datastoretest

import (
	"context"
	"testing"
	"time"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// Run runs the suite. open is called once for each test, from parallel tests.
func Run(t *testing.T, open func(t *testing.T) datastore.Store) {
	t.Helper()
	for _, test := range append(values(), sharing()...) {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, newWorld(t, open(t)))
		})
	}
}

// part is one test of the suite.
type part struct {
	name string
	run  func(*testing.T, *world)
}

// values are the tests of what is stored and how it is found again.
func values() []part {
	return []part{
		{"RoundTrip", testRoundTrip},
		{"NotFound", testNotFound},
		{"AlreadyExists", testAlreadyExists},
		{"ValuesAreTheCallersOwn", testOwnership},
		{"UpdateReturnsWhatIsStored", testUpdateReturns},
		{"RefusedUpdateWritesNothing", testRefusedUpdate},
		{"NoUpdateIsLost", testNoUpdateIsLost},
		{"WritesTogether", testTogether},
		{"OneOfManyIsFirst", testTogetherOneIsFirst},
		{"IDCannotChange", testIDCannotChange},
		{"TextIsKeptWhole", testText},
		{"TextThatCannotBeKeptIsRefused", testBadText},
		{"LargeDeployment", testLargeDeployment},
		{"LargePagesEndEarly", testLargePages},
		{"CancelledContext", testCancelled},
		{"Projects", testProjects},
		{"PipedNames", testPipedNames},
		{"ApplicationFilters", testApplicationFilters},
		{"ApplicationOrder", testApplicationOrder},
		{"ApplicationPlaces", testApplicationPlaces},
		{"DeletedApplications", testDeletedApplications},
		{"DeploymentFilters", testDeploymentFilters},
		{"OpenDeployments", testOpenDeployments},
		{"UnhandledCommands", testUnhandledCommands},
		{"ForgottenCommands", testForgottenCommands},
		{"Batches", testBatches},
		{"Revisions", testRevisions},
		{"ListRevisions", testListRevisions},
		{"Suggestions", testSuggestions},
		{"LatestEvent", testLatestEvent},
		{"EventFilters", testEventFilters},
		{"ChainStartsWhole", testChainStartsWhole},
		{"Chains", testChains},
		{"LogJournal", testLogJournal},
		{"LogEnd", testLogEnd},
		{"WaitingLogs", testWaitingLogs},
		{"RefusedLogRecords", testRefusedRecords},
		{"LogsTogether", testLogsTogether},
		{"PagesWithEqualTimes", testEqualTimes},
		{"PagesUnderInserts", testPagesUnderInserts},
		{"PageSizes", testPageSizes},
		{"ForeignCursors", testForeignCursors},
		{"DamagedCursors", testDamagedCursors},
	}
}

// sharing are the tests of what several processes have in common.
func sharing() []part {
	return []part{
		{"TouchPiped", testTouchPiped},
		{"SuggestionsUnderTheFence", testSuggestionFence},
		{"EndedSessions", testEndedSessions},
		{"LeaseIsExclusive", testLeaseExclusive},
		{"LeaseExpires", testLeaseExpires},
		{"LeaseReleased", testLeaseReleased},
		{"LeaseRace", testLeaseRace},
		{"ManyLeases", testManyLeases},
		{"TouchPipeds", testTouchPipeds},
		{"WaitingCommands", testWaitingCommands},
		{"Signals", testSignals},
		{"Clock", testClock},
		{"Fencing", testFencing},
	}
}

// world is what one test has: the store and names that no other test uses.
type world struct {
	datastore.Store

	project string
	piped   string
	other   string // another agent of the project
	now     time.Time
}

func newWorld(t *testing.T, store datastore.Store) *world {
	t.Helper()
	return &world{
		Store:   store,
		project: model.NewID(),
		piped:   model.NewID(),
		other:   model.NewID(),
		now:     time.Date(2026, 3, 29, 1, 30, 0, 123456000, time.UTC),
	}
}

// at returns a time n seconds after the world's.
func (w *world) at(n int) time.Time { return w.now.Add(time.Duration(n) * time.Second) }

func (w *world) newApplication(change func(*model.Application)) *model.Application {
	id := model.NewID()
	a := &model.Application{
		ID: id, Name: "app", ProjectID: w.project, PipedID: w.piped, Kind: model.KindECS,
		GitPath:   model.GitPath{Repo: model.GitRepository{ID: "repo"}, Path: "apps/" + id, ConfigFilename: model.DefaultConfigFilename},
		CreatedAt: w.now, UpdatedAt: w.now,
	}
	if change != nil {
		change(a)
	}
	return a
}

func (w *world) addApplication(t *testing.T, change func(*model.Application)) *model.Application {
	t.Helper()
	a := w.newApplication(change)
	must(t, w.AddApplication(t.Context(), a))
	return a
}

func (w *world) newDeployment(change func(*model.Deployment)) *model.Deployment {
	d := &model.Deployment{
		ID: model.NewID(), ApplicationID: "app-id", ApplicationName: "app", PipedID: w.piped, ProjectID: w.project,
		Kind: model.KindECS, CreatedAt: w.now, UpdatedAt: w.now,
	}
	if change != nil {
		change(d)
	}
	return d
}

func (w *world) addDeployment(t *testing.T, change func(*model.Deployment)) *model.Deployment {
	t.Helper()
	d := w.newDeployment(change)
	must(t, w.CreateDeployment(t.Context(), model.Fence{PipedID: d.PipedID}, d))
	return d
}

func (w *world) newCommand(change func(*model.Command)) *model.Command {
	c := &model.Command{
		ID: model.NewID(), PipedID: w.piped, ProjectID: w.project, ApplicationID: "app-id",
		Type: model.CommandSyncApplication, CreatedAt: w.now, UpdatedAt: w.now,
	}
	if change != nil {
		change(c)
	}
	return c
}

func (w *world) newPiped(name string) *model.Piped {
	return &model.Piped{ID: model.NewID(), Name: name, ProjectID: w.project, CreatedAt: w.now, UpdatedAt: w.now}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, want model.Code) {
	t.Helper()
	if got := model.CodeOf(err); got != want {
		t.Errorf("error %v has code %q, want %q", err, got, want)
	}
}

// lister reads one page of some list.
type lister[M any] func(ctx context.Context, page datastore.Page) ([]*M, string, error)

// walk reads a list to its end in pages of size and returns the ids.
func walk[M any](t *testing.T, size int, id func(*M) string, list lister[M]) []string {
	t.Helper()
	var ids []string
	cursor := ""
	for range 10_000 {
		page, next, err := list(t.Context(), datastore.Page{Size: size, Cursor: cursor})
		must(t, err)
		if len(page) > size {
			t.Fatalf("a page of %d has %d rows", size, len(page))
		}
		for _, m := range page {
			ids = append(ids, id(m))
		}
		if next == "" {
			return ids
		}
		cursor = next
	}
	t.Fatal("the list has no end")
	return nil
}

func applicationID(a *model.Application) string { return a.ID }

func deploymentID(d *model.Deployment) string { return d.ID }

func (w *world) applications(f datastore.ApplicationFilter) lister[model.Application] {
	return func(ctx context.Context, page datastore.Page) ([]*model.Application, string, error) {
		return w.ListApplications(ctx, f, page)
	}
}

func (w *world) deployments(f datastore.DeploymentFilter) lister[model.Deployment] {
	return func(ctx context.Context, page datastore.Page) ([]*model.Deployment, string, error) {
		return w.ListDeployments(ctx, f, page)
	}
}
