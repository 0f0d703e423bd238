package quickstart

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"pipecd/cmd/terminal"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
	"pipecd/pkg/rpc/gen/pipecd/web/v1/webv1connect"
)

const privateDir = 0o700

// world is everything that runs.
type world struct {
	dir    string
	stays  bool                             // the directory, with its files
	sayf   func(format string, args ...any) // progress, for people
	teller *teller
	hold   *os.File // what the agent inherits, may be nil
	cloud  *cloud
	repo   *repository
	agent  *agentProcess
	gate   gate

	repoID    string // of the sample repository
	agentName string
	address   string // of the control plane, host:port
	client    webv1connect.WebServiceClient
	cookie    string
	pipedID   string
	appID     string
	shared    bool // the stores, with others and with later runs

	released  int // number of the version that was released last
	killed    atomic.Bool
	onRelease func() // called after the release a scenario is about, may be nil
	closers   []func(context.Context) error
}

// options are what a world is made with.
type options struct {
	dir     directory
	port    int // of the control plane; 0 is a free one
	sayf    func(format string, args ...any)
	paint   terminal.Paint
	logger  *slog.Logger
	literal bool // gate with the guide's literal query
	// plane names a control plane's configuration, whose stores are used; "" for stores of its own.
	plane string
}

// newWorld starts the cloud, the control plane and the agent, and adds the
// sample application. The caller closes the world, also after an error.
func newWorld(ctx context.Context, o options) (*world, error) {
	w := &world{
		dir: o.dir.path, stays: o.dir.named, hold: o.dir.hold, sayf: o.sayf, teller: newTeller(o.paint), repoID: repoID, agentName: agentName,
	}
	binary, err := findAgent()
	if err != nil {
		return w, err
	}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"simulated cloud", func(ctx context.Context) error { return w.startCloud(ctx, o) }},
		{"control plane", func(ctx context.Context) error { return w.startControlPlane(ctx, o) }},
		{"sample repository", w.makeRepository},
		{"agent", func(ctx context.Context) error { return w.startAgent(ctx, binary) }},
		{"application", w.addApplication},
	} {
		began := time.Now()
		if err := step.do(ctx); err != nil {
			return w, fmt.Errorf("%s: %w", step.what, err)
		}
		w.sayf("%s %-18s %4d ms", o.paint.As(terminal.Green, "✓"), step.what, time.Since(began).Milliseconds())
	}
	return w, nil
}

// close ends everything in the reverse order.
func (w *world) close(ctx context.Context) error {
	var err error
	for _, v := range slices.Backward(w.closers) {
		err = errors.Join(err, v(ctx))
	}
	return err
}

func (w *world) onClose(f func(context.Context) error) { w.closers = append(w.closers, f) }

func (w *world) startCloud(ctx context.Context, o options) error {
	c, err := newCloud(ctx, o.logger)
	if err != nil {
		return err
	}
	w.cloud = c
	w.onClose(c.close)
	w.gate = errorRateGate(c.canaryARN())
	if o.literal {
		w.gate = literalGate(c.ELB.DNSName(balancerName))
	}
	return nil
}

// login keeps the session's cookie for later calls.
func (w *world) login(ctx context.Context) error {
	transport := &http.Transport{}
	w.onClose(func(context.Context) error {
		transport.CloseIdleConnections()
		return nil
	})
	w.client = webv1connect.NewWebServiceClient(connect.NewClient(connecthttp.NewTransport(
		&http.Client{Transport: withCookie{transport, w}}, "http://"+w.address)))
	ctx, info := connect.NewClientContext(ctx)
	if _, err := w.client.Login(ctx, &webv1.LoginRequest{ProjectId: projectID, Username: username, Password: password}); err != nil {
		return fmt.Errorf("logging in: %w", err)
	}
	w.cookie, _, _ = strings.Cut(info.ResponseHeader().Get("Set-Cookie"), ";")
	return nil
}

// withCookie sends the session with every request.
type withCookie struct {
	next  http.RoundTripper
	world *world
}

// RoundTrip implements http.RoundTripper.
func (c withCookie) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if c.world.cookie != "" {
		r.Header.Set("Cookie", c.world.cookie)
	}
	return c.next.RoundTrip(r)
}

func (w *world) makeRepository(ctx context.Context) error {
	repo, err := newRepository(ctx, w.dir)
	if err != nil {
		return err
	}
	w.repo = repo
	return w.release(ctx, release{version: "v1"})
}

// release commits a version of the sample application.
func (w *world) release(ctx context.Context, r release) error {
	err := w.repo.release(ctx, "Release "+r.version, sampleFiles(r, w.cloud.primaryARN(), w.cloud.canaryARN(), w.gate))
	if err == nil {
		w.released++
	}
	return err
}

func (w *world) write(name, text string) error {
	const private = 0o600
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), private); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// startAgent registers the agent, writes its files and runs it.
func (w *world) startAgent(ctx context.Context, binary string) error {
	registered, err := w.client.RegisterPiped(ctx, &webv1.RegisterPipedRequest{Name: w.agentName, Description: "The quickstart's agent"})
	if err != nil {
		return fmt.Errorf("registering it: %w", err)
	}
	w.pipedID = registered.GetId()
	if err := w.writeSecrets(); err != nil {
		return err
	}
	values := w.pipedValues()
	values.pipedID, values.keyFile, values.address = w.pipedID, w.path("piped-key"), w.address
	for name, text := range map[string]string{"piped-key": registered.GetKey() + "\n", "piped.yaml": pipedFile(values)} {
		if err := w.write(name, text); err != nil {
			return err
		}
	}
	w.agent = &agentProcess{
		binary:  binary,
		args:    []string{"run", "--config-file=" + w.path("piped.yaml"), "--insecure", "--admin-port=0", "--data-dir=" + w.path("piped")},
		env:     append(os.Environ(), w.agentEnvironment()...),
		logFile: w.path("piped.log"),
		hold:    w.hold,
		report:  func(text string) { w.sayf("! %s", text) },
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.agent.start(running)
	w.onClose(func(context.Context) error {
		stop()
		w.agent.wait()
		return nil
	})
	return w.until(ctx, 20*time.Second, "the agent is connected (see "+w.path("piped.log")+")", w.agentIsThere)
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

// writeSecrets writes what the agent gets into the sample's cloud and metrics with.
func (w *world) writeSecrets() error {
	for name, text := range map[string]string{
		"datadog-api-key":         w.cloud.apiKey + "\n",
		"datadog-application-key": w.cloud.appKey + "\n",
		"aws-credentials":         "[default]\naws_access_key_id = AKIAQUICKSTART\naws_secret_access_key = quickstart\n",
	} {
		if err := w.write(name, text); err != nil {
			return err
		}
	}
	return nil
}

// pipedValues are those of the agent's file that do not depend on the agent.
func (w *world) pipedValues() pipedValues {
	return pipedValues{
		repoID: w.repoID, remote: w.repo.remote(), credentialsFile: w.path("aws-credentials"), datadogAddress: w.cloud.url, pace: w.gate.pace,
		apiKeyFile: w.path("datadog-api-key"), appKeyFile: w.path("datadog-application-key"),
	}
}

// agentEnvironment leads the agent to the simulated cloud.
func (w *world) agentEnvironment() []string {
	return []string{"AWS_ENDPOINT_URL=" + w.cloud.url, "AWS_EC2_METADATA_DISABLED=true", "NO_PROXY=127.0.0.1,localhost"}
}

func (w *world) agentIsThere(ctx context.Context) (bool, error) {
	list, err := w.client.ListPipeds(ctx, &webv1.ListPipedsRequest{})
	if err != nil {
		return false, err
	}
	for _, listed := range list.GetPipeds() {
		p := listed.GetPiped()
		if p.GetId() == w.pipedID && p.GetStatus() == modelpb.Piped_ONLINE && len(p.GetRepositories()) > 0 {
			return true, nil
		}
	}
	return false, nil
}

func (w *world) addApplication(ctx context.Context) error {
	added, err := w.client.AddApplication(ctx, &webv1.AddApplicationRequest{
		Name: appName, PipedId: w.pipedID, PlatformProvider: providerName, RepoId: w.repoID,
		Path: "./", ConfigFilename: "app.pipecd.yaml", Kind: modelpb.ApplicationKind_ECS,
		Labels: map[string]string{"env": labelEnv, "team": labelTeam}, // as its file says
	})
	if err != nil {
		return err
	}
	w.appID = added.GetApplicationId()
	if w.shared {
		w.onClose(w.takeBack)
	}
	return nil
}

// until asks again and again until done says so.
func (w *world) until(ctx context.Context, limit time.Duration, what string, done func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	const every = 100 * time.Millisecond
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		ok, err := done(ctx)
		if ok || (err != nil && ctx.Err() == nil) {
			return err
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return fmt.Errorf("waited %s until %s, in vain", limit, what)
			}
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}
