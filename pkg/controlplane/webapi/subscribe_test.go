package webapi

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/stagelog"
	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/filestore/local"
	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// browser is the client's end of a stream. It takes an event when the test does.
type browser struct {
	events chan *webv1.SubscribeResponse
	ctx    context.Context
}

func (b *browser) Send(event *webv1.SubscribeResponse) error {
	select {
	case b.events <- event:
		return nil
	case <-b.ctx.Done():
		return errors.New("the connection broke")
	}
}

// bench is a service with one project, under virtual time.
type bench struct {
	t       *testing.T
	store   datastore.Store
	service *Service
}

func newBench(t *testing.T) *bench {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: sqlite.Memory})
	if err != nil {
		t.Fatal(err)
	}
	files, err := local.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, err := range []error{store.Close(), files.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	hub := new(notify.Hub)
	return &bench{t: t, store: store, service: New(Options{
		Store: store, Logs: stagelog.New(stagelog.Options{Journal: store, Files: files, Hub: hub}), Hub: hub, Logger: slog.New(slog.DiscardHandler),
	})}
}

// subscribe opens a stream and returns after its first heartbeat. ended gives
// what the stream returned.
func (b *bench) subscribe(ctx context.Context, topics ...*webv1.Topic) (client *browser, ended <-chan error) {
	b.t.Helper()
	user := auth.User{ProjectID: "p", Username: "u"}
	followed, err := b.service.followAll(user, topics)
	if err != nil {
		b.t.Fatal(err)
	}
	client = &browser{events: make(chan *webv1.SubscribeResponse), ctx: ctx}
	sub := &subscription{service: b.service, user: user, stream: client, topics: followed}
	end := make(chan error, 1)
	go func() { end <- sub.run(auth.WithUser(ctx, user)) }()
	if first := <-client.events; first.GetHeartbeat() == nil {
		b.t.Errorf("the first event is %v", first)
	}
	return client, end
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) addDeployment(id string) {
	b.t.Helper()
	now := time.Now()
	b.must(b.store.CreateDeployment(b.t.Context(), model.Fence{}, &model.Deployment{
		ID: id, ProjectID: "p", ApplicationID: "app", Stages: []model.Stage{{ID: "s"}}, CreatedAt: now, UpdatedAt: now,
	}))
}

func (b *bench) note(id, text string) {
	b.t.Helper()
	now := time.Now()
	d, err := b.store.UpdateDeployment(b.t.Context(), model.Fence{}, id, func(d *model.Deployment) error {
		d.Summary, d.UpdatedAt = text, now
		return nil
	})
	b.must(err)
	b.service.hub.Notify(notify.OfDeployment(d)...)
}

func follows(id string) *webv1.Topic {
	return &webv1.Topic{Key: id, Of: &webv1.Topic_Deployment{Deployment: &webv1.DeploymentTopic{DeploymentId: id}}}
}

func lists(list webv1.ListTopic_List) *webv1.Topic {
	return &webv1.Topic{Key: "list", Of: &webv1.Topic_List{List: &webv1.ListTopic{List: list}}}
}

func TestAStreamBeatsAndEndsAfterAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		started := time.Now()
		client, ended := b.subscribe(t.Context(), lists(webv1.ListTopic_LIST_PIPEDS))
		last := time.Now()
		for {
			select {
			case event := <-client.events:
				if event.GetHeartbeat() == nil || time.Since(last) != beatInterval {
					t.Fatalf("after %s came %v", time.Since(last), event)
				}
				last = time.Now()
				continue
			case err := <-ended:
				if lasted := time.Since(started); err != nil || lasted < streamLife || lasted > streamLife+streamSpread {
					t.Errorf("the stream lasted %s and ended with %v", lasted, err)
				}
			}
			return
		}
	})
}

// A list is spoken of once a second, however much happens, and never silent
// about the last change.
func TestListsAreCoalesced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		ctx, cancel := context.WithCancel(t.Context())
		client, ended := b.subscribe(ctx, lists(webv1.ListTopic_LIST_DEPLOYMENTS))
		var words []time.Duration
		started := time.Now()
		collect := func(until time.Duration) {
			for deadline := time.After(until - time.Since(started)); ; {
				select {
				case event := <-client.events:
					if event.GetList() != nil {
						words = append(words, time.Since(started))
					}
				case <-deadline:
					return
				}
			}
		}
		b.addDeployment("d")
		for i := range 35 { // every tenth of a second, for 3.5 seconds
			b.note("d", strconv.Itoa(i))
			collect(time.Duration(i+1) * 100 * time.Millisecond)
		}
		collect(20 * time.Second)
		if len(words) != 5 || words[4] != 4*time.Second {
			t.Errorf("got words after %v, want one at once and one a second", words)
		}
		cancel()
		<-ended
	})
}

// An agent goes offline without writing anything.
func TestAnAgentGoesOffline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		now := time.Now()
		b.must(b.store.AddPiped(t.Context(), &model.Piped{ID: "a", Name: "a", ProjectID: "p", LastSeenAt: now, CreatedAt: now, UpdatedAt: now}))
		ctx, cancel := context.WithCancel(t.Context())
		client, ended := b.subscribe(ctx, &webv1.Topic{Key: "a", Of: &webv1.Topic_Piped{Piped: &webv1.PipedTopic{PipedId: "a"}}},
			lists(webv1.ListTopic_LIST_PIPEDS), &webv1.Topic{Key: "apps", Of: lists(webv1.ListTopic_LIST_APPLICATIONS).GetOf()})
		if got := (<-client.events).GetPiped().GetPiped().GetStatus(); got != modelpb.Piped_ONLINE {
			t.Errorf("got %s", got)
		}
		told := map[string]bool{}
		for len(told) < 3 {
			event := <-client.events
			if event.GetHeartbeat() != nil {
				continue
			}
			told[event.GetKey()] = true
			if p := event.GetPiped(); p != nil && p.GetPiped().GetStatus() != modelpb.Piped_OFFLINE {
				t.Errorf("got %v", p)
			}
		}
		if after := time.Since(now); after < model.PipedOnlineWindow || after > model.PipedOnlineWindow+2*glanceInterval {
			t.Errorf("told after %s", after)
		}
		cancel()
		<-ended
	})
}

// A client that does not read holds up its stream alone, and what it missed is
// one event.
func TestASlowClientGetsTheLastState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.addDeployment("d")
		ctx, cancel := context.WithCancel(t.Context())
		slow, slowEnded := b.subscribe(ctx, follows("d"))
		quick, quickEnded := b.subscribe(ctx, follows("d"))
		<-slow.events
		<-quick.events
		for i := range 1000 {
			time.Sleep(time.Millisecond) // virtual time
			b.note("d", strconv.Itoa(i))
			if got := (<-quick.events).GetDeployment().GetSummary(); got != strconv.Itoa(i) {
				t.Fatalf("got %q after %d", got, i)
			}
		}
		first, second := <-slow.events, <-slow.events // one was on its way
		if first.GetDeployment().GetSummary() != "0" || second.GetDeployment().GetSummary() != "999" {
			t.Errorf("got %q and %q", first.GetDeployment().GetSummary(), second.GetDeployment().GetSummary())
		}
		cancel()
		<-slowEnded
		<-quickEnded
	})
}

// A glance that finds nothing new sends nothing, and a wake-up for nothing does
// neither.
func TestUnchangedThingsAreNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.addDeployment("d")
		now := time.Now()
		b.must(b.store.AddApplication(t.Context(), &model.Application{ID: "app", ProjectID: "p", PipedID: "a", CreatedAt: now, UpdatedAt: now}))
		ctx, cancel := context.WithCancel(t.Context())
		client, ended := b.subscribe(ctx, follows("d"),
			&webv1.Topic{Key: "app", Of: &webv1.Topic_Application{Application: &webv1.ApplicationTopic{ApplicationId: "app"}}},
			&webv1.Topic{Key: "log", Of: &webv1.Topic_StageLog{StageLog: &webv1.StageLogTopic{DeploymentId: "d", StageId: "s"}}})
		for range 3 {
			if event := <-client.events; event.GetHeartbeat() != nil || event.GetError() != nil {
				t.Errorf("got %v", event)
			}
		}
		b.service.hub.Notify(notify.Deployment("d"), notify.Application("app"), notify.StageLog("d", "s"))
		for range 3 {
			if event := <-client.events; event.GetHeartbeat() == nil {
				t.Errorf("got %v", event)
			}
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
}

// What is not available for a moment is read again, and the topic goes on.
func TestATopicSurvivesAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.addDeployment("d")
		outage := &outage{Store: b.store}
		b.service.store = outage
		ctx, cancel := context.WithCancel(t.Context())
		outage.on.Store(true)
		client, ended := b.subscribe(ctx, follows("d"))
		if event := <-client.events; event.GetHeartbeat() == nil {
			t.Errorf("during the outage came %v", event)
		}
		synctest.Wait()
		outage.on.Store(false)
		if event := <-client.events; event.GetDeployment().GetId() != "d" {
			t.Errorf("after the outage came %v", event)
		}
		cancel()
		<-ended
	})
}

// outage is a datastore whose connection is lost while it is on.
type outage struct {
	datastore.Store

	on atomic.Bool
}

func (o *outage) GetDeployment(ctx context.Context, id string) (*model.Deployment, error) {
	if o.on.Load() {
		return nil, model.Errorf(model.CodeUnavailable, "the connection is lost")
	}
	return o.Store.GetDeployment(ctx, id)
}

func (o *outage) Revisions(ctx context.Context, noun datastore.Noun, ids []string) (map[string]datastore.Revision, error) {
	if o.on.Load() {
		return nil, model.Errorf(model.CodeUnavailable, "the connection is lost")
	}
	return o.Store.Revisions(ctx, noun, ids)
}
