package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"pipecd/cmd/measure"
	"pipecd/pkg/rpc/auth"
)

// caller makes one call. It is used by one goroutine.
type caller func(ctx context.Context) error

// outcome is what a load came to.
type outcome struct {
	times measure.Sample
	took  time.Duration
	spent time.Duration // by the control plane, of all cores, with the warming up
	calls int           // with those of the warming up
}

// each is what a call costs the control plane.
func (o outcome) each() time.Duration { return o.spent / time.Duration(max(o.calls, 1)) }

func (o outcome) perSecond() float64 { return float64(len(o.times)) / o.took.Seconds() }

// warmUp is what is not counted at the beginning.
const warmUp = 500 * time.Millisecond

// load lets every caller make calls one after another until the time is over.
func load(ctx context.Context, callers []caller, duration time.Duration) (outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		all    = make([]measure.Sample, len(callers))
		made   = make([]int, len(callers))
		errs   = make([]error, len(callers))
		began  = time.Now().Add(warmUp)
		ends   = began.Add(duration)
		making sync.WaitGroup
	)
	for i, call := range callers {
		making.Go(func() {
			for {
				started := time.Now()
				if started.After(ends) {
					return
				}
				if err := call(ctx); err != nil {
					errs[i] = err
					cancel() // the others need not go on
					return
				}
				made[i]++
				if started.After(began) {
					all[i] = append(all[i], time.Since(started))
				}
			}
		})
	}
	making.Wait()
	calls := 0
	for _, n := range made {
		calls += n
	}
	return outcome{times: slices.Concat(all...), took: time.Since(began), calls: calls}, errors.Join(errs...)
}

// dial opens a connection of its own, as each agent has, with the agent's
// credential on every call.
func (w *world) dial(a agent) (*grpc.ClientConn, error) {
	credential, err := a.credential()
	if err != nil {
		return nil, err
	}
	with := func(ctx context.Context) context.Context {
		return metadata.AppendToOutgoingContext(ctx, auth.HeaderAuthorization, credential)
	}
	const window = 1 << 20 // as agents have it
	conn, err := grpc.NewClient(w.address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(window),
		grpc.WithUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			return invoke(with(ctx), method, req, reply, cc, opts...)
		}),
		grpc.WithStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			return open(with(ctx), desc, cc, method, opts...)
		}))
	if err != nil {
		return nil, fmt.Errorf("connecting an agent: %w", err)
	}
	return conn, nil
}
