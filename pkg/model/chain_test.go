package model

import (
	"fmt"
	"testing"
	"time"
)

// newChain has a block for each argument, with so many applications, which are
// called a<block>-<number>.
func newChain(blocks ...int) *DeploymentChain {
	c := &DeploymentChain{ID: "c"}
	for b, n := range blocks {
		var block ChainBlock
		for i := range n {
			block.Nodes = append(block.Nodes, ChainNode{ApplicationID: fmt.Sprintf("a%d-%d", b, i)})
		}
		c.Blocks = append(c.Blocks, block)
	}
	return c
}

func report(t *testing.T, c *DeploymentChain, block uint32, i int, status DeploymentStatus) {
	t.Helper()
	app := fmt.Sprintf("a%d-%d", block, i)
	if err := c.Report(block, &Deployment{ID: "d" + app, ApplicationID: app, Status: status}, time.Now()); err != nil {
		t.Fatal(err)
	}
}

func wantChain(t *testing.T, c *DeploymentChain, want ChainStatus, blocks ...ChainStatus) {
	t.Helper()
	got := make([]ChainStatus, len(c.Blocks))
	for i, b := range c.Blocks {
		got[i] = b.Status
		if b.Status.IsCompleted() == b.CompletedAt.IsZero() {
			t.Errorf("block %d is %s and was completed at %v", i, b.Status, b.CompletedAt)
		}
	}
	if c.Status != want || fmt.Sprint(got) != fmt.Sprint(blocks) || c.Status.IsCompleted() == c.CompletedAt.IsZero() {
		t.Errorf("got %s %v at %v, want %s %v", c.Status, got, c.CompletedAt, want, blocks)
	}
}

func TestChainSucceeds(t *testing.T) {
	t.Parallel()
	c := newChain(1, 2)
	report(t, c, 0, 0, DeploymentPending)
	wantChain(t, c, ChainPending, ChainPending, ChainPending)
	report(t, c, 0, 0, DeploymentRunning)
	report(t, c, 1, 0, DeploymentPending)
	wantChain(t, c, ChainRunning, ChainRunning, ChainPending)
	report(t, c, 0, 0, DeploymentSuccess)
	report(t, c, 0, 0, DeploymentRunning) // late
	wantChain(t, c, ChainRunning, ChainSuccess, ChainPending)
	report(t, c, 1, 0, DeploymentSuccess)
	wantChain(t, c, ChainRunning, ChainSuccess, ChainRunning)
	report(t, c, 1, 1, DeploymentSuccess)
	wantChain(t, c, ChainSuccess, ChainSuccess, ChainSuccess)
}

func TestChainFails(t *testing.T) {
	t.Parallel()
	for status, want := range map[DeploymentStatus]ChainStatus{
		DeploymentFailure: ChainFailure, DeploymentCancelled: ChainCancelled,
	} {
		c := newChain(1, 2, 1)
		report(t, c, 0, 0, DeploymentSuccess)
		report(t, c, 1, 0, status)
		wantChain(t, c, want, ChainSuccess, want, ChainCancelled)
		report(t, c, 1, 1, DeploymentSuccess)
		report(t, c, 2, 0, DeploymentCancelled)
		wantChain(t, c, want, ChainSuccess, want, ChainCancelled)
	}
	c := newChain(1, 1)
	report(t, c, 0, 0, DeploymentSuccess)
	now := time.Now()
	for _, refused := range []string{"unknown", "a1-0"} {
		if err := c.Fail(1, refused, now); err != nil {
			t.Error(err)
		}
	}
	wantChain(t, c, ChainFailure, ChainSuccess, ChainFailure)
	if err := c.Fail(0, "a0-0", now); err != nil || c.Blocks[0].Status != ChainSuccess {
		t.Errorf("a deployment that exists cannot be refused: %v", err)
	}
}

func TestChainPlannable(t *testing.T) {
	t.Parallel()
	c := newChain(1, 1, 1)
	check := func(block uint32, plannable, cancel bool) {
		t.Helper()
		got, why, err := c.Plannable(block)
		if err != nil || got != plannable || (why != "") != cancel {
			t.Errorf("block %d: %t, %q, %v", block, got, why, err)
		}
	}
	check(0, true, false)
	check(1, false, false)
	report(t, c, 0, 0, DeploymentSuccess)
	check(1, true, false)
	check(2, false, false)
	report(t, c, 1, 0, DeploymentFailure)
	check(2, false, true)
	if _, _, err := c.Plannable(3); CodeOf(err) != CodeInvalid {
		t.Errorf("got %v", err)
	}
}

func TestChainAttach(t *testing.T) {
	t.Parallel()
	c := newChain(1, 1)
	now := time.Now()
	d := &Deployment{ID: "d", ApplicationID: "a1-0"}
	for block, want := range map[uint32]Code{0: CodeInvalid, 1: "", 2: CodeInvalid} {
		if err := c.Clone().Attach(block, d, now); CodeOf(err) != want {
			t.Errorf("block %d: %v", block, err)
		}
	}
	for want, id := range map[Code]string{"": "d", CodeFailedPrecondition: "another"} {
		own := c.Clone()
		if err := own.Attach(1, d, now); err != nil {
			t.Fatal(err)
		}
		if err := own.Attach(1, &Deployment{ID: id, ApplicationID: "a1-0"}, now); CodeOf(err) != want {
			t.Errorf("deployment %s: %v", id, err)
		}
	}
	if c.Blocks[1].Nodes[0].Deployment != nil {
		t.Error("a clone shares its nodes")
	}
}
