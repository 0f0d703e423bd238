package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"connectrpc.com/connect/v2"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/stagechecks"
	"pipecd/pkg/controlplane/stagelog"
	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// audit looks for everything that was acknowledged, or for what was since the
// last time, and for what nobody asked for. The agents may go on meanwhile.
func (w *world) audit(ctx context.Context, all bool) error {
	deployments, orders := w.ledger.pages(all)
	err := inParallel(deployments, func(p *promise) error { return w.auditDeployment(ctx, p) })
	if err != nil {
		return err
	}
	ids := make([]string, 0, len(orders))
	for id := range orders {
		ids = append(ids, id)
	}
	err = inParallel(ids, func(id string) error { return w.auditOrder(ctx, id, orders[id]) })
	if err != nil || !all {
		return err
	}
	w.auditUncertain(orders)
	return inParallel(w.agents, func(a *agent) error { return w.auditList(ctx, a) })
}

// inParallel does something with each, a few at a time.
func inParallel[T any](all []T, do func(T) error) error {
	const lookers = 8
	var (
		looking sync.WaitGroup
		errs    = make([]error, lookers)
	)
	for i := range lookers {
		looking.Go(func() {
			for at := i; at < len(all) && errs[i] == nil; at += lookers {
				errs[i] = do(all[at])
			}
		})
	}
	looking.Wait()
	return errors.Join(errs...)
}

// auditDeployment compares what is stored of a deployment with its page.
func (w *world) auditDeployment(ctx context.Context, p *promise) error {
	d, err := p.agent.reader.GetDeployment(ctx, p.id)
	if model.CodeOf(err) == model.CodeNotFound {
		if p.created {
			w.ledger.isLostf("deployment %s is not there", p.id)
		}
		return nil
	}
	if err != nil {
		return err
	}
	p.compare(w.ledger, d)
	for stage, lines := range p.lines {
		if err := w.auditLog(ctx, p.id, stage, lines); err != nil {
			return err
		}
	}
	return w.auditChecks(ctx, p)
}

// auditLog reads a log as a person does.
func (w *world) auditLog(ctx context.Context, id, stage string, want map[int64]line) error {
	if len(want) == 0 {
		return nil
	}
	found, err := w.readLog(ctx, id, stage)
	if err != nil {
		return err
	}
	compareLog(w.ledger, stage+" of deployment "+id, want, w.ledger.tried(id).lines[stage], found) // tried may be more by now
	return nil
}

func (w *world) readLog(ctx context.Context, id, stage string) (found []*modelpb.LogBlock, err error) {
	for next := int64(0); ; {
		var part *webv1.GetStageLogResponse
		err := w.ask(ctx, func(ctx context.Context) (err error) {
			part, err = w.person.web.GetStageLog(ctx, &webv1.GetStageLogRequest{DeploymentId: id, StageId: stage, OffsetIndex: next})
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading the log of stage %s of deployment %s: %w", stage, id, err)
		}
		found = append(found, part.GetBlocks()...)
		if !part.GetMore() || len(part.GetBlocks()) == 0 {
			return found, nil
		}
		next = found[len(found)-1].GetIndex() + 1
	}
}

// auditChecks reads what a stage measured where the control plane keeps it.
func (w *world) auditChecks(ctx context.Context, p *promise) error {
	if len(p.checks) == 0 {
		return nil
	}
	page, err := stagechecks.New(w.files, new(notify.Hub)).Read(ctx, stagelog.Key{DeploymentID: p.id, StageID: stageAnalysis}, "")
	if err != nil {
		return err
	}
	seen := map[int]int{}
	for _, c := range page.Checks {
		seen[c.Index]++
	}
	for index := range p.checks {
		switch {
		case seen[index] == 0:
			w.ledger.isLostf("check %d of deployment %s is not there", index, p.id)
		case seen[index] > 1:
			w.ledger.isDoubledf("check %d of deployment %s is there %d times", index, p.id, seen[index])
		}
	}
	return nil
}

// auditOrder compares a command with its page.
func (w *world) auditOrder(ctx context.Context, id string, o order) error {
	var answer *webv1.GetCommandResponse
	err := w.ask(ctx, func(ctx context.Context) (err error) {
		answer, err = w.person.web.GetCommand(ctx, &webv1.GetCommandRequest{CommandId: id})
		return err
	})
	switch {
	case connect.CodeOf(err) == connect.CodeNotFound:
		w.ledger.isLostf("command %s is not there", id)
		return nil
	case err != nil:
		return fmt.Errorf("reading command %s: %w", id, err)
	case o.answered.IsZero():
		return nil
	}
	c := answer.GetCommand()
	if c.GetStatus() != modelpb.CommandStatus_COMMAND_SUCCEEDED || c.GetMetadata()[model.CommandMetadataDeploymentID] != o.deployment {
		w.ledger.isLostf("the answer to command %s is %s with %v, not that of %s", id, c.GetStatus(), c.GetMetadata(), o.agent.name)
	}
	return nil
}

// auditUncertain looks at commands that reached agents and of which no person was
// told: at most as many as were asked for without an answer.
func (w *world) auditUncertain(orders map[string]order) {
	n := 0
	for _, o := range orders {
		if !o.given {
			n++
		}
	}
	w.ledger.mu.Lock()
	most := w.ledger.uncertain
	w.ledger.mu.Unlock()
	if n > most {
		w.ledger.isDoubledf("%d commands reached agents that nobody gave; only %d were given without an answer", n, most)
	}
}

// auditList reads all deployments of an application as a person does: each was
// tried, is there once, and for a commit of its own.
func (w *world) auditList(ctx context.Context, a *agent) error {
	const size = 100
	seen := map[string]bool{}
	for cursor := ""; ; {
		var page *webv1.ListDeploymentsResponse
		err := w.ask(ctx, func(ctx context.Context) (err error) {
			page, err = w.person.web.ListDeployments(ctx, &webv1.ListDeploymentsRequest{ApplicationId: a.app, PageSize: size, Cursor: cursor})
			return err
		})
		if err != nil {
			return fmt.Errorf("listing the deployments of %s: %w", a.name, err)
		}
		for _, d := range page.GetDeployments() {
			commit := d.GetTrigger().GetCommit().GetHash()
			if seen[commit] {
				w.ledger.isDoubledf("two deployments of %s are for %s", a.name, commit)
			}
			if seen[commit] = true; w.ledger.tried(d.GetId()) == nil {
				w.ledger.isDoubledf("deployment %s of %s was created by nobody", d.GetId(), a.name)
			}
		}
		if cursor = page.GetCursor(); cursor == "" || len(page.GetDeployments()) == 0 {
			break
		}
	}
	deployments, _ := w.ledger.pages(true)
	for _, p := range deployments {
		if p.agent == a && p.created && !seen[p.id] {
			w.ledger.isLostf("deployment %s is not in the list of %s", p.id, a.name)
		}
	}
	return nil
}

// ask asks again while a replica is away: the test reads beside everybody else.
func (w *world) ask(ctx context.Context, call func(ctx context.Context) error) (err error) {
	const times, timeout, again = 10, 20 * time.Second, 500 * time.Millisecond
	for range times {
		once, cancel := context.WithTimeout(ctx, timeout)
		err = call(once)
		cancel()
		passing := []connect.Code{connect.CodeUnavailable, connect.CodeDeadlineExceeded, connect.CodeUnknown, connect.CodeInternal, connect.CodeCanceled}
		if err == nil || ctx.Err() != nil || !slices.Contains(passing, connect.CodeOf(err)) {
			return err
		}
		pause(ctx, again)
	}
	return err
}

// ordersAreCarriedOut returns when every command a person gave is answered; one
// that never is, is lost.
func (w *world) ordersAreCarriedOut(ctx context.Context) error {
	w.person.rest.Store(true)
	deadline := time.Now().Add(w.patience)
	for {
		_, orders := w.ledger.pages(true)
		var open []string
		for id, o := range orders {
			if o.answered.IsZero() {
				open = append(open, id)
			}
		}
		if len(open) == 0 || ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if time.Now().After(deadline) {
			for _, id := range open {
				w.ledger.isLostf("command %s was never answered", id)
			}
			return nil
		}
		pause(ctx, 100*time.Millisecond)
	}
}
