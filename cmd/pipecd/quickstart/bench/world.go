package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"pipecd/cmd/measure"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
	"pipecd/pkg/rpc/gen/pipecd/web/v1/webv1connect"
)

// world is a control plane, an agent, a repository and a cloud.
type world struct {
	dir     string
	cloud   *cloud
	plane   *measure.Process
	agent   *measure.Process
	client  webv1connect.WebServiceClient
	http    *http.Transport
	address string // of the control plane, host:port
	cookie  string
	pipedID string
	apps    []string // ids

	plan worldPlan
}

// worldPlan is what a world begins with.
type worldPlan struct {
	apps         int           // in Git
	pipeline     string        // of each application; "" for none
	syncInterval time.Duration // between two looks of the agent
}

// newWorld starts everything, with applications that are in Git and that nobody
// has added yet. The caller closes it.
func newWorld(ctx context.Context, s settings, p worldPlan) (*world, error) {
	dir, err := os.MkdirTemp("", "pipecd-bench-")
	if err != nil {
		return nil, fmt.Errorf("making a directory: %w", err)
	}
	w := &world{dir: dir, plan: p}
	for _, step := range []func() error{
		func() error { w.cloud, err = newCloud(ctx, p.apps); return err },
		func() error { return w.startPlane(ctx, s) },
		func() error { return w.makeRepository(ctx) },
		func() error { return w.startAgent(ctx, s) },
	} {
		if err := step(); err != nil {
			w.close(ctx)
			return nil, err
		}
	}
	return w, nil
}

// newDeployedWorld is newWorld with every application added and deployed once.
func newDeployedWorld(ctx context.Context, s settings, p worldPlan) (*world, error) {
	w, err := newWorld(ctx, s, p)
	if err != nil {
		return nil, err
	}
	err = w.addApps(ctx)
	if err == nil {
		err = w.settle(ctx)
	}
	if err != nil {
		w.close(ctx)
		return nil, err
	}
	return w, nil
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) close(ctx context.Context) {
	w.agent.Stop()
	w.plane.Stop()
	if w.http != nil {
		w.http.CloseIdleConnections()
	}
	if w.cloud != nil {
		_ = w.cloud.close(ctx) // it is thrown away
	}
	_ = os.RemoveAll(w.dir)
}

func (w *world) startPlane(ctx context.Context, s settings) error {
	port, err := measure.FreePort(ctx)
	if err != nil {
		return err
	}
	admin, err := measure.FreePort(ctx)
	if err != nil {
		return err
	}
	w.address = fmt.Sprintf("127.0.0.1:%d", port)
	for name, text := range map[string]string{"control-plane.yaml": w.controlPlaneFile(), "webhook-secret": webhookSecret} {
		if err := os.WriteFile(w.path(name), []byte(text), privateFile); err != nil {
			return fmt.Errorf("writing the control plane's files: %w", err)
		}
	}
	w.plane, err = measure.Start(ctx, w.path("pipecd.log"), filepath.Join(s.bin, "pipecd"), nil,
		"server", "--config-file="+w.path("control-plane.yaml"), "--data-dir="+w.path("plane"), "--insecure-cookie",
		"--host=127.0.0.1", "--port="+strconv.Itoa(port), "--admin-port="+strconv.Itoa(admin), "--log-level=warn")
	if err != nil {
		return err
	}
	w.http = &http.Transport{MaxIdleConnsPerHost: 32} // as many as calls at once
	w.client = webv1connect.NewWebServiceClient(connect.NewClient(connecthttp.NewTransport(
		&http.Client{Transport: withCookie{w}}, "http://"+w.address)))
	return w.until(ctx, 20*time.Second, "the control plane answers", func() (bool, error) {
		call, info := connect.NewClientContext(ctx)
		_, err := w.client.Login(call, &webv1.LoginRequest{ProjectId: projectID, Username: username, Password: password})
		if err == nil {
			w.cookie, _, _ = strings.Cut(info.ResponseHeader().Get("Set-Cookie"), ";")
		}
		return err == nil, nil
	})
}

// withCookie sends the session with every request.
type withCookie struct{ world *world }

// RoundTrip implements http.RoundTripper.
func (c withCookie) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if c.world.cookie != "" {
		r.Header.Set("Cookie", c.world.cookie)
	}
	return c.world.http.RoundTrip(r)
}

func (w *world) makeRepository(ctx context.Context) error {
	if err := w.git(ctx, w.dir, "init", "--quiet", "--bare", "--initial-branch=main", w.path("bench.git")); err != nil {
		return err
	}
	if err := w.git(ctx, w.dir, "clone", "--quiet", w.path("bench.git"), w.path("work")); err != nil {
		return err
	}
	if err := w.git(ctx, w.path("work"), "checkout", "--quiet", "-B", "main"); err != nil {
		return err
	}
	for i := range w.plan.apps {
		if err := w.writeApp(i, "v0"); err != nil {
			return err
		}
	}
	return w.push(ctx, "The applications")
}

func (w *world) startAgent(ctx context.Context, s settings) error {
	registered, err := w.client.RegisterPiped(ctx, &webv1.RegisterPipedRequest{Name: "bench"})
	if err != nil {
		return fmt.Errorf("registering the agent: %w", err)
	}
	w.pipedID = registered.GetId()
	for name, text := range map[string]string{
		"piped-key":       registered.GetKey(),
		"aws-credentials": "[default]\naws_access_key_id = AKIABENCH\naws_secret_access_key = bench\n",
		"piped.yaml":      w.pipedFile(),
	} {
		if err := os.WriteFile(w.path(name), []byte(text), privateFile); err != nil {
			return fmt.Errorf("writing the agent's files: %w", err)
		}
	}
	w.agent, err = measure.Start(ctx, w.path("piped.log"), filepath.Join(s.bin, "piped"),
		[]string{"AWS_ENDPOINT_URL=" + w.cloud.url, "AWS_EC2_METADATA_DISABLED=true", "NO_PROXY=127.0.0.1,localhost"},
		"run", "--config-file="+w.path("piped.yaml"), "--insecure", "--admin-port=0", "--data-dir="+w.path("piped"), "--log-level=warn")
	if err != nil {
		return err
	}
	return w.until(ctx, 20*time.Second, "the agent is connected", func() (bool, error) {
		list, err := w.client.ListPipeds(ctx, &webv1.ListPipedsRequest{})
		return err == nil && slices.ContainsFunc(list.GetPipeds(), func(p *webv1.Piped) bool {
			return p.GetPiped().GetStatus() == modelpb.Piped_ONLINE && len(p.GetPiped().GetRepositories()) > 0
		}), err
	})
}

// addApps adds the applications.
func (w *world) addApps(ctx context.Context) error {
	for i := range w.plan.apps {
		added, err := w.client.AddApplication(ctx, &webv1.AddApplicationRequest{
			Name: fmt.Sprintf("app-%d", i), PipedId: w.pipedID, PlatformProvider: providerName, RepoId: repoID,
			Path: appDir(i), Kind: modelpb.ApplicationKind_ECS,
		})
		if err != nil {
			return fmt.Errorf("adding application %d: %w", i, err)
		}
		w.apps = append(w.apps, added.GetApplicationId())
	}
	return nil
}

// look is how often the control plane is asked while something is awaited; it
// is what a measured time may be too long by.
const look = 5 * time.Millisecond

// until asks again and again until done says so.
func (w *world) until(ctx context.Context, limit time.Duration, what string, done func() (bool, error)) error {
	return w.every(ctx, look, limit, what, done)
}

// every is until with another interval, for questions that cost more.
func (*world) every(ctx context.Context, interval, limit time.Duration, what string, done func() (bool, error)) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	deadline := time.After(limit)
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-deadline:
			return fmt.Errorf("waited %s until %s, in vain", limit, what)
		case <-ticker.C:
		}
	}
}
