package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pipecd/cmd/measure"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// kind is a kind of call and what it should reach.
type kind struct {
	name  string
	least float64 // calls per second
	open  func(w *world, a agent) (caller, func() error, error)
}

// worst is the most that the slowest of a hundred calls may take.
const worst = 50 * time.Millisecond

func kinds() []kind {
	return []kind{
		{"ReportStat", 6000, ofAgent(reportStat)},
		{"ListUnhandledCommands", 6000, ofAgent(listCommands)},
		{"ListNotCompletedDeployments", 3500, ofAgent(listDeployments)},
		{"ReportStageLogs", 3500, ofAgent(reportLogs)},
		{"web ListApplications", 3000, ofWeb(webApplications)},
		{"web ListDeployments", 3000, ofWeb(webDeployments)},
	}
}

// ofAgent opens a connection for a kind of an agent's calls.
func ofAgent(prepare func(pipedservice.PipedServiceClient, agent) caller) func(*world, agent) (caller, func() error, error) {
	return func(w *world, a agent) (caller, func() error, error) {
		conn, err := w.dial(a)
		if err != nil {
			return nil, nil, err
		}
		return prepare(pipedservice.NewPipedServiceClient(conn), a), conn.Close, nil
	}
}

func ofWeb(prepare func(*world) caller) func(*world, agent) (caller, func() error, error) {
	return func(w *world, _ agent) (caller, func() error, error) {
		return prepare(w), func() error { return nil }, nil
	}
}

func reportStat(c pipedservice.PipedServiceClient, _ agent) caller {
	return func(ctx context.Context) error {
		_, err := c.ReportStat(ctx, &pipedservice.ReportStatRequest{PipedStats: []byte("{}")})
		return err
	}
}

func listCommands(c pipedservice.PipedServiceClient, _ agent) caller {
	return func(ctx context.Context) error {
		_, err := c.ListUnhandledCommands(ctx, &pipedservice.ListUnhandledCommandsRequest{})
		return err
	}
}

func listDeployments(c pipedservice.PipedServiceClient, a agent) caller {
	return func(ctx context.Context) error {
		list, err := c.ListNotCompletedDeployments(ctx, &pipedservice.ListNotCompletedDeploymentsRequest{})
		if err == nil && (len(list.GetDeployments()) != 1 || list.GetDeployments()[0].GetId() != a.deployment) {
			return errors.New("the list of deployments is not the agent's")
		}
		return err
	}
}

// reportLogs sends what a busy stage writes: one line after another. Its attempt
// counts up, so that no log reaches its limit.
func reportLogs(c pipedservice.PipedServiceClient, a agent) caller {
	const linesOfAnAttempt = 500
	var (
		lines   int64
		attempt int32
	)
	return func(ctx context.Context) error {
		lines++
		if lines%linesOfAnAttempt == 0 {
			attempt++
		}
		_, err := c.ReportStageLogs(ctx, &pipedservice.ReportStageLogsRequest{
			DeploymentId: a.deployment, StageId: a.stage, RetriedCount: attempt,
			Blocks: []*modelpb.LogBlock{{Index: lines, Log: "3 of 4 targets are healthy", CreatedAt: time.Now().Unix()}},
		})
		return err
	}
}

// listed is how many applications and deployments a page of the web's lists has.
const listed = 10

func webApplications(w *world) caller {
	client := w.web()
	return func(ctx context.Context) error {
		list, err := client.ListApplications(ctx, &webv1.ListApplicationsRequest{PageSize: listed})
		if err == nil && len(list.GetApplications()) != listed {
			return fmt.Errorf("the page has %d applications", len(list.GetApplications()))
		}
		return err
	}
}

func webDeployments(w *world) caller {
	client := w.web()
	return func(ctx context.Context) error {
		list, err := client.ListDeployments(ctx, &webv1.ListDeploymentsRequest{PageSize: listed})
		if err == nil && len(list.GetDeployments()) != listed {
			return fmt.Errorf("the page has %d deployments", len(list.GetDeployments()))
		}
		return err
	}
}

func measureCalls(ctx context.Context, s settings, r *measure.Report) error {
	w, err := newWorld(ctx, s)
	if err != nil {
		return err
	}
	defer w.close()
	agents, err := w.addAgents(ctx, max(listed, slices.Max(s.connections)))
	if err != nil {
		return err
	}
	return w.callsTables(ctx, s, r, agents, "")
}

// callsTables measures every kind of call at every number of connections.
func (w *world) callsTables(ctx context.Context, s settings, r *measure.Report, agents []agent, beside string) error {
	for _, n := range s.connections {
		var rows [][]string
		for _, k := range kinds() {
			o, err := w.loadOf(ctx, s, k, agents[:n])
			if err != nil {
				return fmt.Errorf("%s at %d connections: %w", k.name, n, err)
			}
			_, _ = fmt.Fprintf(s.progress, "serverbench: %s at %d connections: %.0f/s\n", k.name, n, o.perSecond())
			rows = append(rows, []string{
				k.name, fmt.Sprintf("%.0f", o.perSecond()), measure.MS(o.times.At(measure.Median)), measure.MS(o.times.At(measure.Worst)),
				fmt.Sprintf("%d µs", o.each().Microseconds()),
				r.Over(o.perSecond(), k.least, "/s"), r.Under(measure.InMS(o.times.At(measure.Worst)), measure.InMS(worst), "ms (p99)"),
			})
		}
		r.Table(fmt.Sprintf("Calls at %d connections%s (%s each)", n, beside, s.duration), []string{"call", "per second", "p50", "p99", "processor, control plane", "target", "target"}, rows)
	}
	return nil
}

// loadOf opens a connection for each agent, loads them, and closes them.
func (w *world) loadOf(ctx context.Context, s settings, k kind, agents []agent) (outcome, error) {
	var (
		callers []caller
		closers []func() error
	)
	defer func() {
		for _, c := range closers {
			_ = c() // its calls were answered
		}
	}()
	for _, a := range agents {
		call, closer, err := k.open(w, a)
		if err != nil {
			return outcome{}, err
		}
		callers, closers = append(callers, call), append(closers, closer)
	}
	before, err := w.plane.Usage()
	if err != nil {
		return outcome{}, err
	}
	profiled := w.profile(ctx, s, fmt.Sprintf("%s-%d.pprof", strings.ReplaceAll(k.name, " ", "-"), len(agents)))
	o, err := load(ctx, callers, s.duration)
	err = errors.Join(err, profiled())
	if err != nil {
		return o, err
	}
	after, err := w.plane.Usage()
	o.spent = after.Spent - before.Spent
	return o, err
}
