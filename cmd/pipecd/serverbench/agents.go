package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"pipecd/cmd/measure"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
)

// measureAgents connects many agents that have nothing to do, watches the
// control plane, and then measures calls beside them.
func measureAgents(ctx context.Context, s settings, r *measure.Report) error {
	w, err := newWorld(ctx, s)
	if err != nil {
		return err
	}
	defer w.close()
	var agents []agent
	err = w.quickly(ctx, func() (err error) {
		agents, err = w.addAgents(ctx, s.agents)
		return err
	})
	if err != nil {
		return err
	}
	idle, err := w.connect(ctx, agents)
	if err != nil {
		return err
	}
	defer idle.stop()
	_, _ = fmt.Fprintf(s.progress, "serverbench: %d agents are connected\n", len(agents))
	if err := w.idleTable(ctx, s, r); err != nil {
		return err
	}
	if err := w.callsTables(ctx, s, r, agents, fmt.Sprintf(", beside %d idle agents", len(agents))); err != nil {
		return err
	}
	return idle.lost()
}

func (w *world) idleTable(ctx context.Context, s settings, r *measure.Report) error {
	const rest = 5 * time.Second // what was just connected is not idle
	if err := measure.Wait(ctx, rest); err != nil {
		return err
	}
	during := s
	during.duration = s.watch
	profiled := w.profile(ctx, during, "idle.pprof")
	share, err := w.plane.Share(ctx, s.watch)
	if err := errors.Join(err, profiled()); err != nil {
		return err
	}
	u, err := w.plane.Usage()
	if err != nil {
		return err
	}
	r.Table(fmt.Sprintf("Control plane with %d idle agents, watched for %s", s.agents, s.watch), []string{"measure", "value", "target"}, [][]string{
		{"processor", fmt.Sprintf("%.1f %% of a core", share), r.Under(share, 5, "% of a core")},
		{"memory", fmt.Sprintf("%.0f MB", u.Megabytes()), r.Under(u.Megabytes(), 250, "MB")},
	})
	return nil
}

// idleAgents are agents that hold a lease and say no more than that they live.
type idleAgents struct {
	stop    func()
	failure atomic.Pointer[error]
}

// lost tells that an agent's stream ended before its time.
func (i *idleAgents) lost() error {
	if err := i.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// connect returns when every agent has its lease.
func (w *world) connect(ctx context.Context, agents []agent) (*idleAgents, error) {
	ctx, cancel := context.WithCancel(ctx)
	var (
		idle    idleAgents
		living  sync.WaitGroup
		granted = make(chan error, len(agents))
	)
	idle.stop = func() {
		cancel()
		living.Wait()
	}
	for _, a := range agents {
		living.Go(func() {
			if err := w.live(ctx, a, func() { granted <- nil }); err != nil && ctx.Err() == nil {
				idle.failure.CompareAndSwap(nil, &err)
				granted <- err
			}
		})
	}
	for range agents {
		if err := <-granted; err != nil {
			idle.stop()
			return nil, fmt.Errorf("connecting %d agents: %w", len(agents), err)
		}
	}
	return &idle, nil
}

// live is the life of an agent that has nothing to do: a stream with
// heartbeats, and its statistics every 30 seconds.
func (w *world) live(ctx context.Context, a agent, granted func()) error {
	conn, err := w.dial(a)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // its life is over
	stream, err := agentv1.NewAgentServiceClient(conn).Connect(ctx)
	if err != nil {
		return fmt.Errorf("opening a stream: %w", err)
	}
	hello := &agentv1.Hello{InstanceId: model.NewID(), Host: "bench", Version: "bench"}
	if err := stream.Send(&agentv1.ConnectRequest{Item: &agentv1.ConnectRequest_Hello{Hello: hello}}); err != nil {
		return fmt.Errorf("saying hello: %w", err)
	}
	first, err := stream.Recv()
	if err != nil {
		return fmt.Errorf("awaiting the lease: %w", err)
	}
	lease := first.GetLease()
	if lease == nil {
		return errors.New("the first answer is no lease")
	}
	granted()
	go func() { // what is heard needs no answer; the stream's end comes back from Send
		for err == nil {
			_, err = stream.Recv()
		}
	}()
	heartbeat := time.NewTicker(time.Duration(lease.GetHeartbeatIntervalMs()) * time.Millisecond)
	defer heartbeat.Stop()
	statistics := time.NewTicker(30 * time.Second)
	defer statistics.Stop()
	client := pipedservice.NewPipedServiceClient(conn)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-heartbeat.C:
			if err := stream.Send(&agentv1.ConnectRequest{Item: &agentv1.ConnectRequest_Heartbeat{Heartbeat: &agentv1.Heartbeat{}}}); err != nil {
				return fmt.Errorf("sending a heartbeat: %w", err)
			}
		case <-statistics.C:
			if _, err := client.ReportStat(ctx, &pipedservice.ReportStatRequest{PipedStats: []byte("{}")}); err != nil {
				return fmt.Errorf("reporting: %w", err)
			}
		}
	}
}
