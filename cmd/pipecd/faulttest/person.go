package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
	"pipecd/pkg/rpc/gen/pipecd/web/v1/webv1connect"
)

// person is somebody with a browser: asks for deployments, reads lists, and has a
// page open that follows.
type person struct {
	world  *world
	web    webv1connect.WebServiceClient
	cookie string

	rest atomic.Bool // no more commands

	mu   sync.Mutex
	last map[string]time.Time // when what succeeded last began, by what it was
}

// what a person does.
const (
	doesOrder = "the person's commands"
	doesRead  = "the person's lists"
	doesWatch = "the browser's stream"
)

func (w *world) addPerson(ctx context.Context) error {
	p := &person{world: w, last: map[string]time.Time{}}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, address string) (net.Conn, error) { return w.dial(ctx, address) }}
	p.web = webv1connect.NewWebServiceClient(connect.NewClient(connecthttp.NewTransport(
		&http.Client{Transport: withCookie{person: p, transport: transport}}, "http://control-plane")))
	call, info := connect.NewClientContext(ctx)
	if _, err := p.web.Login(call, &webv1.LoginRequest{ProjectId: projectID, Username: username, Password: password}); err != nil {
		return fmt.Errorf("logging in: %w", err)
	}
	p.cookie, _, _ = strings.Cut(info.ResponseHeader().Get("Set-Cookie"), ";")
	w.person = p
	return nil
}

// withCookie sends the session with every request.
type withCookie struct {
	person    *person
	transport *http.Transport
}

// RoundTrip implements http.RoundTripper.
func (c withCookie) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if c.person.cookie != "" {
		r.Header.Set("Cookie", c.person.cookie)
	}
	return c.transport.RoundTrip(r)
}

// addAgents registers agents, each with an application. Every fourth has two
// processes.
func (w *world) addAgents(ctx context.Context) error {
	const fourth = 4
	for i := range w.settings.agents {
		a := &agent{world: w, name: fmt.Sprintf("agent-%02d", i+1), contested: i%fourth == 0}
		registered, err := w.person.web.RegisterPiped(ctx, &webv1.RegisterPipedRequest{Name: a.name})
		if err != nil {
			return err
		}
		a.id, a.key = registered.GetId(), registered.GetKey()
		if a.reader, err = a.dial(ctx, a.name+"-reader"); err != nil {
			return err
		}
		w.agents = append(w.agents, a)
		_, _, err = a.reader.ReportMeta(ctx, model.PipedMeta{
			Version: "faulttest", PlatformProviders: []model.Provider{{Name: provider, Type: "ECS"}},
			Repositories: []model.GitRepository{{ID: repository, Remote: "git@git.example.com:shop.git", Branch: "main"}},
		})
		if err != nil {
			return err
		}
		added, err := w.person.web.AddApplication(ctx, &webv1.AddApplicationRequest{
			Name: a.name, PipedId: a.id, PlatformProvider: provider, RepoId: repository, Path: a.name, Kind: modelpb.ApplicationKind_ECS,
		})
		if err != nil {
			return err
		}
		a.app = added.GetApplicationId()
	}
	return nil
}

// work gives commands and reads lists until ctx is done.
func (p *person) work(ctx context.Context) {
	const pace = 400 * time.Millisecond
	for i := 0; ctx.Err() == nil; i++ {
		if !p.rest.Load() {
			p.order(ctx, p.world.agents[i*7%len(p.world.agents)]) // in an order that is none
		}
		p.read(ctx)
		pause(ctx, pace)
	}
}

// order asks for a deployment.
func (p *person) order(ctx context.Context, a *agent) {
	began := time.Now()
	call, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	answer, err := p.web.SyncApplication(call, &webv1.SyncApplicationRequest{ApplicationId: a.app})
	if err != nil {
		p.world.ledger.unanswered()
		p.failed(ctx, "asking for a deployment", err)
		return
	}
	p.world.ledger.order(answer.GetCommandId(), a, func(o *order) { o.given = true })
	p.world.ledger.acknowledged()
	p.did(doesOrder, began)
}

func (p *person) read(ctx context.Context) {
	began := time.Now()
	call, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := p.web.ListApplications(call, &webv1.ListApplicationsRequest{}); err != nil {
		p.failed(ctx, "reading applications", err)
		return
	}
	if _, err := p.web.ListDeployments(call, &webv1.ListDeploymentsRequest{PageSize: 20}); err != nil { //nolint:mnd // a page
		p.failed(ctx, "reading deployments", err)
		return
	}
	p.did(doesRead, began)
}

// watch follows the list of deployments, again when the stream ends.
func (p *person) watch(ctx context.Context) {
	const again = 300 * time.Millisecond
	for ctx.Err() == nil {
		if err := p.follow(ctx); err != nil {
			p.failed(ctx, "following the deployments", err)
		}
		pause(ctx, again)
	}
}

func (p *person) follow(ctx context.Context) error {
	// A browser too gives up a stream that is silent.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	const silence = 40 * time.Second
	silent := time.AfterFunc(silence, func() { cancel(errors.New("the stream is silent")) })
	defer silent.Stop()
	stream, err := p.web.Subscribe(ctx, &webv1.SubscribeRequest{Topics: []*webv1.Topic{{
		Key: "list", Of: &webv1.Topic_List{List: &webv1.ListTopic{List: webv1.ListTopic_LIST_DEPLOYMENTS}},
	}}})
	if err != nil {
		return err
	}
	defer stream.Close() //nolint:errcheck // it is opened again
	for {
		event, err := stream.Receive()
		if err != nil {
			return err
		}
		silent.Reset(silence)
		if event.GetKey() == "list" {
			p.did(doesWatch, time.Now())
		}
	}
}

// failed tells what no fault explains: that somebody who is logged in is not known
// any more, or that what is there is not.
func (p *person) failed(ctx context.Context, doing string, err error) {
	if ctx.Err() != nil {
		return
	}
	switch connect.CodeOf(err) {
	case connect.CodeUnauthenticated, connect.CodePermissionDenied, connect.CodeNotFound, connect.CodeInvalidArgument, connect.CodeFailedPrecondition:
		p.world.ledger.isLostf("%s: the person was refused: %v", doing, err)
	default:
	}
}

func (p *person) did(what string, began time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if began.After(p.last[what]) {
		p.last[what] = began
	}
}

// behind names what did not succeed since.
func (p *person) behind(since time.Time) (names []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, what := range []string{doesOrder, doesRead, doesWatch} {
		if !p.last[what].After(since) {
			names = append(names, what)
		}
	}
	return names
}
