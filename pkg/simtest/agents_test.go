package simtest

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/observe"
	"pipecd/pkg/piped/agent"
	"pipecd/pkg/piped/apiclient"
	"pipecd/pkg/piped/reporter"
	"pipecd/pkg/pipeline/engine"
	"pipecd/pkg/platform/ecs"
)

// The agent that is meant to run, and one that was started by mistake.
const (
	agentName = "piped"
	twinName  = "twin"
)

// restartPause is how long a killed agent stays away.
const restartPause = 3 * time.Second

// pipedFile is the agent's configuration, read once: it is not written to.
var pipedFile = sync.OnceValues(func() (*config.Piped, error) {
	text := fmt.Sprintf(`apiVersion: pipecd.dev/v1beta1
kind: Piped
spec:
  projectID: %s
  pipedID: %s
  pipedKeyData: %s
  apiAddress: control-plane:80
  repositories: [{repoId: shop, remote: "git@git.example:shop.git", branch: main}]
  syncInterval: 10s
  platformProviders: [{name: ecs, type: ECS, config: {region: ap-northeast-1}}]
  analysisProviders:
    - {name: datadog, type: DATADOG, config: {apiKeyData: %s, applicationKeyData: %s, delay: 10s}}
`, projectID, pipedID, encoded(pipedKey), encoded(datadogKey), encoded(datadogAppKey))
	cfg, problems := config.LoadPiped("piped.yaml", []byte(text))
	return cfg, problems.Err()
})

func encoded(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// process is one agent process.
type process struct {
	name  string // agentName or twinName
	id    string // names the connection
	world *world
	dead  atomic.Bool
	stop  context.CancelFunc
	ended chan struct{}
}

// start begins a process; it runs until it is stopped or killed.
func (w *world) start(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closing {
		return
	}
	w.processes++
	p := &process{name: name, id: fmt.Sprintf("%s-%d", name, w.processes), world: w, ended: make(chan struct{})}
	ctx, stop := context.WithCancel(context.WithoutCancel(w.t.Context()))
	p.stop = stop
	w.running = append(w.running, p)
	go func() {
		defer close(p.ended)
		defer stop()
		if err := p.run(ctx); err != nil && ctx.Err() == nil {
			w.violate("agent", "the agent %s ended by itself: %v", p.id, err)
		}
	}()
}

func (p *process) run(ctx context.Context) error {
	cfg, err := pipedFile()
	if err != nil {
		return err
	}
	w := p.world
	logger := w.log.With(slog.String("process", p.id))
	client, err := apiclient.Dial(ctx, apiclient.Options{
		Address: cfg.APIAddress, Insecure: true, ProjectID: projectID, PipedID: pipedID, PipedKey: pipedKey,
		InstanceID: p.id, Host: "simulated", Version: "simulated", Logger: logger, Dialer: w.network.dialer(p.id),
	})
	if err != nil {
		return err
	}
	defer client.Close()
	carrier := &wires{actor: p.name, cloud: w.handler, schedule: w.schedule, dead: p.dead.Load, kill: p.kill, made: w.effects.made, writes: p.writes, past: map[string]answer{}}
	a, err := agent.New(ctx, agent.Options{
		Config: cfg, Version: "simulated", Logger: logger, HTTPClient: &http.Client{Transport: carrier}, Timing: ecs.Timing{},
	}, client, clone{w.repository, p.dead.Load}, stageLogs{reporter.New(client, logger, observe.Or(nil))})
	if err != nil {
		return err
	}
	return a.Run(ctx)
}

// takeover is how long a process may go on with what it was doing when another
// one was granted the lease.
const takeover = 10 * time.Second

// writes wants a process that changes something to hold the lease, or to have
// held it a moment ago.
func (p *process) writes(call string) {
	lease, err := p.world.plane.store.GetLease(p.world.ctx, pipedID)
	if err != nil {
		return // the scenario ends
	}
	w := p.world
	w.mu.Lock()
	if lease.Epoch > w.epoch {
		w.epoch, w.granted = lease.Epoch, time.Now()
	}
	late := time.Since(w.granted)
	w.mu.Unlock()
	if lease.InstanceID != p.id && late > takeover {
		w.violate("fencing", "%s called %s although %s holds the lease", p.id, call, lease.InstanceID)
	}
}

// kill ends the process as a crash does: nothing it does afterwards reaches
// anybody. Another one is started a little later.
func (p *process) kill() {
	if p.dead.Swap(true) {
		return
	}
	p.world.network.cut(p.id)
	p.stop()
	p.world.after(restartPause, func() { p.world.start(p.name) })
}

// stopAgents lets every process end in order and waits for those that were
// killed, too.
func (w *world) stopAgents() {
	w.mu.Lock()
	w.closing = true
	all := w.running
	w.mu.Unlock()
	for _, p := range all {
		p.stop()
	}
	for _, p := range all {
		<-p.ended
	}
}

type stageLogs struct{ *reporter.Reporter }

// Open implements engine.Logs.
func (l stageLogs) Open(deploymentID, stageID string, retried int32) engine.StageLog {
	return l.Reporter.Open(deploymentID, stageID, retried)
}
