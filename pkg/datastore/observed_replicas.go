package datastore

import (
	"context"
	"time"

	"pipecd/pkg/model"
)

// AddSignal implements Signals.
func (s observed) AddSignal(ctx context.Context, sender string, topics []string) (err error) {
	ctx, end := s.begin(ctx, aggregateSignals, "AddSignal")
	defer func() { end("", err) }()
	return s.Store.AddSignal(ctx, sender, topics)
}

// LastSignal implements Signals.
func (s observed) LastSignal(ctx context.Context) (id int64, err error) {
	ctx, end := s.begin(ctx, aggregateSignals, "LastSignal")
	defer func() { end("", err) }()
	return s.Store.LastSignal(ctx)
}

// ListSignals implements Signals.
func (s observed) ListSignals(ctx context.Context, after int64, reader string) (list []Signal, err error) {
	ctx, end := s.begin(ctx, aggregateSignals, "ListSignals")
	defer func() { end("", err) }()
	return s.Store.ListSignals(ctx, after, reader)
}

// ForgetSignals implements Signals.
func (s observed) ForgetSignals(ctx context.Context, age time.Duration) (err error) {
	ctx, end := s.begin(ctx, aggregateSignals, "ForgetSignals")
	defer func() { end("", err) }()
	return s.Store.ForgetSignals(ctx, age)
}

// Now implements Clock.
func (s observed) Now(ctx context.Context) (now time.Time, err error) {
	ctx, end := s.begin(ctx, aggregateClock, "Now")
	defer func() { end("", err) }()
	return s.Store.Now(ctx)
}

// RenewLeases implements Leases.
func (s observed) RenewLeases(ctx context.Context, fences []model.Fence, ttl time.Duration) (renewed int, err error) {
	ctx, end := s.begin(ctx, aggregateLeases, "RenewLeases")
	defer func() { end("", err) }()
	return s.Store.RenewLeases(ctx, fences, ttl)
}

// TouchPipeds implements Pipeds.
func (s observed) TouchPipeds(ctx context.Context, ids []string, now time.Time) (err error) {
	ctx, end := s.begin(ctx, aggregatePipeds, "TouchPipeds")
	defer func() { end("", err) }()
	return s.Store.TouchPipeds(ctx, ids, now)
}

// WaitingCommands implements Commands.
func (s observed) WaitingCommands(ctx context.Context) (found map[string]string, err error) {
	ctx, end := s.begin(ctx, aggregateCommands, "WaitingCommands")
	defer func() { end("", err) }()
	return s.Store.WaitingCommands(ctx)
}

// ForgetSessions implements Sessions.
func (s observed) ForgetSessions(ctx context.Context, margin time.Duration) (err error) {
	ctx, end := s.begin(ctx, aggregateSessions, "ForgetSessions")
	defer func() { end("", err) }()
	return s.Store.ForgetSessions(ctx, margin)
}
