package elb

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// maxCheckBody bounds how much of a health check's answer is read.
const maxCheckBody = 64 << 10

// watch runs the target's health checks until it drains or Close.
func (b *Balancers) watch(m *member) {
	ctx, cancel := context.WithCancel(b.running)
	m.unwatch = cancel
	interval := m.group.check.Interval
	b.work.Go(func() {
		defer cancel()
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			b.checkOnce(ctx, m)
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			case <-m.wake:
			}
		}
	})
}

// checkOnce makes one health check if the target's group is in use.
func (b *Balancers) checkOnce(ctx context.Context, m *member) {
	b.mu.Lock()
	owner, check, addr := m.group.owner, m.group.check, m.target.Addr
	b.mu.Unlock()
	if owner == nil {
		return
	}
	failure := b.probe(ctx, addr, check)

	b.mu.Lock()
	defer b.mu.Unlock()
	if ctx.Err() != nil || m.group.owner != owner {
		return // the result is about a world that is gone
	}
	m.health.observe(failure, check)
	b.publishHosts(m.group)
	b.tell()
}

// probe sends one health check and returns why it failed, "" if it did not. The
// connection is closed afterwards, as AWS does.
func (b *Balancers) probe(ctx context.Context, addr string, check HealthCheck) types.TargetHealthReasonEnum {
	ctx, cancel := context.WithTimeout(ctx, check.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+check.Path, http.NoBody)
	if err != nil {
		return types.TargetHealthReasonEnumFailedHealthChecks
	}
	req.Close = true
	req.Header.Set("User-Agent", "ELB-HealthChecker/2.0")
	resp, err := b.checks.RoundTrip(req)
	if err != nil {
		var timeout net.Error
		if errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout()) {
			return types.TargetHealthReasonEnumTimeout
		}
		return types.TargetHealthReasonEnumFailedHealthChecks
	}
	defer func() { _ = resp.Body.Close() }() // nothing was written that could be lost
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxCheckBody)); err != nil {
		return types.TargetHealthReasonEnumFailedHealthChecks
	}
	if !matches(check.Matcher, resp.StatusCode) {
		return types.TargetHealthReasonEnumResponseCodeMismatch
	}
	return ""
}
