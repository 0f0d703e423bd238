package main

import (
	"fmt"
	"io"
	"maps"
	"sync"
	"time"

	"pipecd/pkg/model"
)

// ledger is what was tried and what was acknowledged. It is safe for concurrent
// use.
type ledger struct {
	out io.Writer

	mu          sync.Mutex
	deployments map[string]*promise
	orders      map[string]*order
	uncertain   int // commands whose issue was not answered
	writes      int // acknowledged

	lost, doubled int
	told          map[string]bool // troubles, each once
}

func newLedger(out io.Writer) *ledger {
	return &ledger{out: out, deployments: map[string]*promise{}, orders: map[string]*order{}, told: map[string]bool{}}
}

// promise is what is known of one deployment. What was acknowledged must be there,
// and only what was tried may be.
type promise struct {
	id, app  string
	agent    *agent
	created  bool // acknowledged
	status   model.DeploymentStatus
	stages   map[string]model.StageStatus
	metadata map[string]string
	steps    map[string]string         // metadata of the stage WAIT
	lines    map[string]map[int64]line // by stage and index
	checks   map[int]bool              // by index: acknowledged
	fresh    bool                      // something was acknowledged since the last audit
}

// line is a line of a log.
type line struct {
	text         string
	acknowledged bool
}

// order is a command that a person gave.
type order struct {
	agent      *agent
	given      bool // acknowledged to the person
	answered   time.Time
	deployment string // with which it was answered
	fresh      bool
}

func (p *promise) clone() *promise {
	c := *p
	c.stages, c.metadata, c.steps, c.checks = maps.Clone(p.stages), maps.Clone(p.metadata), maps.Clone(p.steps), maps.Clone(p.checks)
	c.lines = make(map[string]map[int64]line, len(p.lines))
	for stage, lines := range p.lines {
		c.lines[stage] = maps.Clone(lines)
	}
	return &c
}

// tries begins the page of a deployment.
func (l *ledger) tries(a *agent, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.deployments[id] == nil {
		l.deployments[id] = &promise{
			id: id, app: a.app, agent: a, stages: map[string]model.StageStatus{}, metadata: map[string]string{}, steps: map[string]string{},
			lines: map[string]map[int64]line{stageWait: {}, stageAnalysis: {}}, checks: map[int]bool{},
		}
	}
}

// note changes the page of a deployment: before a write what is tried, after it
// what was acknowledged.
func (l *ledger) note(id string, change func(p *promise)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.deployments[id]
	p.fresh = true
	change(p)
}

// reached notes statuses that were acknowledged. They only go forward.
func (p *promise) reached(status model.DeploymentStatus, stages map[string]model.StageStatus) {
	p.status = max(p.status, status)
	for id, s := range stages {
		p.stages[id] = max(p.stages[id], s)
	}
}

// tryLines notes lines before they are sent, acknowledge afterwards.
func (l *ledger) tryLines(id, stage string, blocks []model.LogBlock, acknowledged bool) {
	l.note(id, func(p *promise) {
		for _, b := range blocks {
			p.lines[stage][b.Index] = line{text: b.Log, acknowledged: acknowledged || p.lines[stage][b.Index].acknowledged}
		}
	})
}

// order returns the page of a command.
func (l *ledger) order(id string, a *agent, change func(o *order)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.orders[id]
	if o == nil {
		o = &order{agent: a}
		l.orders[id] = o
	}
	o.fresh = true
	change(o)
}

// delivered notes that an agent got a command.
func (l *ledger) delivered(a *agent, id string) {
	const onTheWay = 5 * time.Second // what was sent just before the answer came may arrive after it
	l.order(id, a, func(o *order) {
		if o.agent != a {
			l.troubleLockedf(&l.doubled, "command %s reached two agents", id)
		}
		if !o.answered.IsZero() && time.Since(o.answered) > onTheWay {
			l.troubleLockedf(&l.doubled, "command %s was delivered again %s after its answer was acknowledged", id, time.Since(o.answered).Round(time.Millisecond))
		}
	})
}

func (l *ledger) acknowledged() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writes++
}

func (l *ledger) unanswered() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.uncertain++
}

// isLostf counts something that was acknowledged and is not there, or was refused
// and had to be taken. The same text counts once.
func (l *ledger) isLostf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.troubleLockedf(&l.lost, format, args...)
}

// isDoubledf counts something that is there twice, or that nobody asked for.
func (l *ledger) isDoubledf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.troubleLockedf(&l.doubled, format, args...)
}

func (l *ledger) troubleLockedf(counter *int, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if l.told[text] {
		return
	}
	l.told[text] = true
	*counter++
	const most = 100
	if len(l.told) <= most {
		_, _ = fmt.Fprintln(l.out, "  BROKEN:", text)
	}
}

func (l *ledger) verdict() (lost, doubled int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost, l.doubled
}

func (l *ledger) summary() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprintf("%d writes acknowledged until now, %d deployments, %d commands; lost=%d doubled=%d", l.writes, len(l.deployments), len(l.orders), l.lost, l.doubled)
}

// pages returns copies of what is known: all, or what is fresh since the last time.
func (l *ledger) pages(all bool) (deployments []*promise, orders map[string]order) {
	l.mu.Lock()
	defer l.mu.Unlock()
	orders = map[string]order{}
	for _, p := range l.deployments {
		if all || p.fresh {
			deployments = append(deployments, p.clone())
			p.fresh = false
		}
	}
	for id, o := range l.orders {
		if all || o.fresh {
			orders[id] = *o
			o.fresh = false
		}
	}
	return deployments, orders
}

// tried returns a copy of the page as it is now.
func (l *ledger) tried(id string) *promise {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.deployments[id]; p != nil {
		return p.clone()
	}
	return nil
}
