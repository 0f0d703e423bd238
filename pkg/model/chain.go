package model

import (
	"fmt"
	"slices"
	"time"
)

// ChainStatus is where a deployment chain, or one of its blocks, is. The numbers
// are those of the wire.
type ChainStatus int32

// The statuses of a chain and of a block. The last three are final.
const (
	ChainPending   ChainStatus = 0
	ChainRunning   ChainStatus = 1
	ChainSuccess   ChainStatus = 2
	ChainFailure   ChainStatus = 3
	ChainCancelled ChainStatus = 4
)

// String returns PENDING, RUNNING, SUCCESS, FAILURE, CANCELLED or UNKNOWN.
func (s ChainStatus) String() string {
	switch s {
	case ChainPending:
		return "PENDING"
	case ChainRunning:
		return "RUNNING"
	case ChainSuccess:
		return "SUCCESS"
	case ChainFailure:
		return "FAILURE"
	case ChainCancelled:
		return "CANCELLED"
	default:
		return unknownName
	}
}

// IsCompleted reports whether the status is final.
func (s ChainStatus) IsCompleted() bool { return s >= ChainSuccess && s <= ChainCancelled }

// Limits of one chain.
const (
	MaxChainBlocks = 50
	MaxChainNodes  = 500 // of all blocks together
)

// DeploymentChain is a series of blocks of applications. The applications of a
// block are deployed when all of the block before succeeded.
type DeploymentChain struct {
	ID          string
	ProjectID   string
	Status      ChainStatus
	Blocks      []ChainBlock // the first has the one application that started the chain
	CompletedAt time.Time    // zero until completed
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// ChainBlock is the applications that are deployed side by side.
type ChainBlock struct {
	Nodes       []ChainNode
	Status      ChainStatus
	StartedAt   time.Time // zero until one of its deployments was planned
	CompletedAt time.Time
}

// ChainNode is one application of a block.
type ChainNode struct {
	ApplicationID   string
	ApplicationName string
	Deployment      *ChainDeployment // nil until the agent created it
}

// ChainDeployment is what a chain remembers of a deployment.
type ChainDeployment struct {
	ID     string
	Status DeploymentStatus
	Reason string
}

// Clone returns a copy that shares nothing with c.
func (c *DeploymentChain) Clone() *DeploymentChain {
	d := *c
	d.Blocks = slices.Clone(c.Blocks)
	for i := range d.Blocks {
		d.Blocks[i].Nodes = slices.Clone(d.Blocks[i].Nodes)
		for j, n := range d.Blocks[i].Nodes {
			if n.Deployment != nil {
				own := *n.Deployment
				d.Blocks[i].Nodes[j].Deployment = &own
			}
		}
	}
	return &d
}

// block returns the block with the index.
func (c *DeploymentChain) block(index uint32) (*ChainBlock, error) {
	if uint64(index) >= uint64(len(c.Blocks)) {
		return nil, Errorf(CodeInvalid, "deployment chain %s has %d blocks; there is none with the index %d", c.ID, len(c.Blocks), index)
	}
	return &c.Blocks[index], nil
}

// Attach records which deployment an application of the block got. The same
// deployment again changes nothing.
func (c *DeploymentChain) Attach(index uint32, d *Deployment, now time.Time) error {
	b, err := c.block(index)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(b.Nodes, func(n ChainNode) bool { return n.ApplicationID == d.ApplicationID })
	switch {
	case i < 0:
		return Errorf(CodeInvalid, "application %s is not in block %d of deployment chain %s", d.ApplicationID, index, c.ID)
	case b.Nodes[i].Deployment == nil:
		b.Nodes[i].Deployment = &ChainDeployment{ID: d.ID, Status: d.Status, Reason: d.StatusReason}
		c.refresh(now)
	case b.Nodes[i].Deployment.ID != d.ID:
		return Errorf(CodeFailedPrecondition, "deployment chain %s has deployment %s for application %s already", c.ID, b.Nodes[i].Deployment.ID, d.ApplicationID)
	}
	return nil
}

// Report takes over the status of a deployment of the block. A status that is
// behind what is known changes nothing.
func (c *DeploymentChain) Report(index uint32, d *Deployment, now time.Time) error {
	if err := c.Attach(index, d, now); err != nil {
		return err
	}
	nodes := c.Blocks[index].Nodes
	i := slices.IndexFunc(nodes, func(n ChainNode) bool { return n.ApplicationID == d.ApplicationID })
	known := nodes[i].Deployment
	if known.Status == d.Status && known.Reason == d.StatusReason || !known.Status.CanBecome(d.Status) {
		return nil
	}
	known.Status, known.Reason = d.Status, d.StatusReason
	c.refresh(now)
	return nil
}

// Fail records that an application of the block will have no deployment, because
// its agent refused to make one.
func (c *DeploymentChain) Fail(index uint32, applicationID string, now time.Time) error {
	b, err := c.block(index)
	if err != nil {
		return err
	}
	waits := func(n ChainNode) bool { return n.ApplicationID == applicationID && n.Deployment == nil }
	if b.Status.IsCompleted() || !slices.ContainsFunc(b.Nodes, waits) {
		return nil
	}
	b.become(ChainFailure, now)
	c.refresh(now)
	return nil
}

// Plannable says whether deployments of the block may be planned now, or have to
// be cancelled, and why. With neither they wait.
func (c *DeploymentChain) Plannable(index uint32) (plannable bool, cancel string, err error) {
	if _, err := c.block(index); err != nil {
		return false, "", err
	}
	for i, b := range c.Blocks[:index] {
		switch {
		case b.Status == ChainSuccess:
		case b.Status.IsCompleted():
			return false, fmt.Sprintf("block %d of the deployment chain ended with %s", i, b.Status), nil
		default:
			return false, "", nil
		}
	}
	return true, "", nil
}

// refresh derives the statuses from those of the deployments.
func (c *DeploymentChain) refresh(now time.Time) {
	c.UpdatedAt = now
	ended := ChainPending
	all := true
	for i := range c.Blocks {
		b := &c.Blocks[i]
		if ended.IsCompleted() && !b.Status.IsCompleted() {
			b.become(ChainCancelled, now) // nothing of it will start
			continue
		}
		b.become(b.derived(), now)
		if b.Status.IsCompleted() && b.Status != ChainSuccess && !ended.IsCompleted() {
			ended = b.Status
		}
		all = all && b.Status == ChainSuccess
	}
	switch {
	case c.Status.IsCompleted():
		return
	case ended.IsCompleted():
		c.Status = ended
	case all:
		c.Status = ChainSuccess
	case slices.ContainsFunc(c.Blocks, func(b ChainBlock) bool { return b.Status != ChainPending }):
		c.Status = ChainRunning
	}
	if c.Status.IsCompleted() {
		c.CompletedAt = now
	}
}

// become moves the block to the status; a completed one stays as it is.
func (b *ChainBlock) become(s ChainStatus, now time.Time) {
	if b.Status.IsCompleted() || b.Status == s {
		return
	}
	b.Status = s
	if s == ChainRunning || s == ChainSuccess || s == ChainFailure {
		if b.StartedAt.IsZero() {
			b.StartedAt = now
		}
	}
	if s.IsCompleted() {
		b.CompletedAt = now
	}
}

// derived returns the status that the deployments of the block add up to.
func (b *ChainBlock) derived() ChainStatus {
	status, succeeded := ChainPending, 0
	for _, n := range b.Nodes {
		if n.Deployment == nil {
			continue
		}
		switch n.Deployment.Status {
		case DeploymentFailure:
			return ChainFailure
		case DeploymentCancelled:
			status = ChainCancelled
		case DeploymentSuccess:
			succeeded++
		case DeploymentPlanned, DeploymentRunning, DeploymentRollingBack:
			if status == ChainPending {
				status = ChainRunning
			}
		case DeploymentPending:
		}
	}
	switch {
	case status == ChainCancelled:
		return status
	case succeeded == len(b.Nodes):
		return ChainSuccess
	case succeeded > 0:
		return ChainRunning
	default:
		return status
	}
}
