package elb

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"pipecd/pkg/model"
	"pipecd/pkg/simcloud/target"
)

var _ target.Groups = (*Balancers)(nil)

// errDeregistered cuts requests that outlive the deregistration delay.
var errDeregistered = errors.New("the target's deregistration delay has passed")

// Lookup implements target.Groups.
func (b *Balancers) Lookup(arn string) (exists, attached bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.world.group(arn)
	return g != nil, g != nil && g.owner != nil
}

// Register implements target.Groups. Registering a target again keeps its
// health, takes the new address and ends its draining, as AWS does. The error
// has code CodeNotFound if there is no such target group.
func (b *Balancers) Register(arn string, t target.Target) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.tell()
	g := b.world.group(arn)
	if g == nil {
		return model.Errorf(model.CodeNotFound, "target group %q does not exist", arn)
	}
	if b.closed {
		return model.Errorf(model.CodeFailedPrecondition, "the load balancers are closed")
	}
	if m := g.member(t); m != nil && !m.draining {
		m.target = t
		return nil
	} else if m != nil {
		b.remove(m)
	}
	m := &member{
		target: t, group: g, health: newHealth(),
		left: make(chan struct{}), wake: make(chan struct{}, 1), unwatch: func() {},
	}
	m.gone, m.remove = context.WithCancelCause(context.Background())
	g.members = append(g.members, m)
	if b.running != nil {
		b.watch(m)
	}
	return nil
}

// Deregister implements target.Groups. A target that is not registered is gone
// already. The target gets no new request from now on; the channel is closed
// when the deregistration delay has passed, and what is still in flight then is
// cut. AWS shows "draining" for the whole delay even if the target is idle.
func (b *Balancers) Deregister(arn string, t target.Target) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	var m *member
	if g := b.world.group(arn); g != nil {
		m = g.member(t)
	}
	if m == nil {
		gone := make(chan struct{})
		close(gone)
		return gone
	}
	if m.draining {
		return m.left
	}
	defer b.tell()
	m.draining = true
	m.unwatch()
	b.publishHosts(m.group)
	if b.closed {
		b.remove(m)
		return m.left
	}
	m.timer = time.AfterFunc(m.group.delay, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.remove(m)
		b.tell()
	})
	return m.left
}

// remove ends a draining target. It may be called twice.
func (b *Balancers) remove(m *member) {
	if m.gone.Err() != nil {
		return
	}
	if m.timer != nil {
		m.timer.Stop()
	}
	m.group.drop(m)
	m.group.departed = m.target.Fault
	m.remove(errDeregistered)
	close(m.left)
}

// Health implements target.Groups.
func (b *Balancers) Health(arn string, t target.Target) (state, reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if g := b.world.group(arn); g != nil {
		if m := g.member(t); m != nil {
			s, r := m.shown(g.owner != nil)
			return string(s), string(r)
		}
	}
	return string(types.TargetHealthStateEnumUnused), string(types.TargetHealthReasonEnumNotRegistered)
}

// reattach recomputes which load balancer each target group belongs to. A group
// that is newly used begins its health checks, one that is no longer used
// forgets them.
func (b *Balancers) reattach() {
	owners := b.world.owners()
	for _, g := range b.world.groups {
		owner := owners[g.arn]
		if owner == g.owner {
			continue
		}
		g.owner = owner
		for _, m := range g.members {
			m.health = newHealth()
			select {
			case m.wake <- struct{}{}:
			default:
			}
		}
	}
}
