package simtest

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"golang.org/x/crypto/bcrypt"

	"pipecd/pkg/controlplane/server"
	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/auth"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
	"pipecd/pkg/rpc/gen/pipecd/web/v1/webv1connect"
)

const (
	projectID = "dev"
	pipedID   = "11111111-1111-4111-8111-111111111111"
	appID     = "22222222-2222-4222-8222-222222222222"
	pipedKey  = "0123456789012345678901234567890123456789abc"
	password  = "hello"
)

// administrator is hashed once: it is slow by design.
var administrator = sync.OnceValue(func() *model.StaticAdmin {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		panic(err)
	}
	return &model.StaticAdmin{Username: "admin", PasswordHash: string(hash)}
})

// plane is the control plane.
type plane struct {
	network *network
	store   datastore.Store
	ctx     context.Context
	stop    context.CancelFunc
	ended   chan error
}

func newPlane(t *testing.T, n *network, log *slog.Logger) *plane {
	t.Helper()
	p := &plane{network: n, store: openStore(t), ended: make(chan error, 1)}
	p.ctx, p.stop = context.WithCancel(context.WithoutCancel(t.Context()))
	go func() {
		p.ended <- server.Run(p.ctx, server.Options{
			Store: p.store, Files: newBlobs(), Projects: []*model.Project{{ID: projectID, StaticAdmin: administrator()}},
			SessionKey: []byte("0123456789abcdef0123456789abcdef"), Listener: n.listener, Address: "http://pipecd.example",
			GracePeriod: time.Second, Version: "simulated", Logger: log, InsecureCookie: true,
		})
	}()
	p.populate(t)
	return p
}

// populate adds the agent and its application.
func (p *plane) populate(t *testing.T) {
	t.Helper()
	now := time.Now().UTC()
	err := p.store.AddPiped(t.Context(), &model.Piped{
		ID: pipedID, Name: "agent", ProjectID: projectID, CreatedAt: now, UpdatedAt: now,
		Keys: []model.PipedKey{{Hash: auth.HashKey(pipedKey), Creator: "admin", CreatedAt: now}},
	})
	if err != nil {
		t.Fatal(err)
	}
	err = p.store.AddApplication(t.Context(), &model.Application{
		ID: appID, Name: "shop", ProjectID: projectID, PipedID: pipedID, Kind: model.KindECS, PlatformProvider: "ecs",
		GitPath:   model.GitPath{Repo: model.GitRepository{ID: "shop"}, Path: "shop", ConfigFilename: model.DefaultConfigFilename},
		CreatedAt: now, UpdatedAt: now,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// cookies are those of the first login of this run. Checking a password is slow
// by design, and a session is good for every control plane with the same key at
// the same time, which is every scenario's.
var cookies struct {
	mu   sync.Mutex
	mine []*http.Cookie
}

// person returns what a browser of somebody who is logged in would have.
func (p *plane) person(ctx context.Context) (webv1connect.WebServiceClient, func(), error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, nil, err
	}
	dial := p.network.dialer("person")
	transport := &http.Transport{DialContext: func(ctx context.Context, _, address string) (net.Conn, error) { return dial(ctx, address) }}
	const address = "http://pipecd.example"
	client := webv1connect.NewWebServiceClient(connect.NewClient(connecthttp.NewTransport(&http.Client{Jar: jar, Transport: transport}, address)))
	site := &url.URL{Scheme: "http", Host: "pipecd.example", Path: "/"}
	cookies.mu.Lock()
	known := cookies.mine
	cookies.mu.Unlock()
	if known != nil {
		jar.SetCookies(site, known)
		if _, err := client.GetMe(ctx, &webv1.GetMeRequest{}); err == nil {
			return client, transport.CloseIdleConnections, nil
		}
	}
	_, err = client.Login(ctx, &webv1.LoginRequest{ProjectId: projectID, Username: "admin", Password: password})
	if err == nil {
		cookies.mu.Lock()
		cookies.mine = jar.Cookies(site)
		cookies.mu.Unlock()
	}
	return client, transport.CloseIdleConnections, err
}

// close ends the server and what it stores to.
func (p *plane) close(t *testing.T) {
	t.Helper()
	p.stop()
	if err := <-p.ended; err != nil {
		t.Errorf("the control plane ended with %v", err)
	}
	if err := p.store.Close(); err != nil {
		t.Error(err)
	}
}
