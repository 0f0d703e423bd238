package ecs

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	// maxServices is how many services one DescribeServices takes.
	maxServices = 10
	// batchTimeout bounds a call that several wait for, which none of them ends.
	batchTimeout = time.Minute
)

// services reads services of all applications of a provider. Of a cluster one
// call is under way at a time; who asks meanwhile waits for the next, which asks
// for up to ten at once. So nobody waits for company, and many that wait for
// their tasks at the same time cost a tenth of the calls.
type services struct {
	ecs *awsecs.Client

	mu      sync.Mutex
	waiting map[string][]*ask // by cluster; there is an entry while a call is under way
}

// ask is one wish to read a service.
type ask struct {
	name string
	done chan struct{}
	out  []types.Service // those with the name
	err  error
}

func newServices(c *awsecs.Client) *services {
	return &services{ecs: c, waiting: map[string][]*ask{}}
}

// describe returns the services with the name, active or not.
func (s *services) describe(ctx context.Context, cluster, name string) ([]types.Service, error) {
	a := &ask{name: name, done: make(chan struct{})}
	s.mu.Lock()
	_, busy := s.waiting[cluster]
	s.waiting[cluster] = append(s.waiting[cluster], a)
	s.mu.Unlock()
	if !busy {
		go s.work(context.WithoutCancel(ctx), cluster)
	}
	select {
	case <-a.done:
		return a.out, a.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// work answers what waits for a cluster until nothing does.
func (s *services) work(ctx context.Context, cluster string) {
	for {
		s.mu.Lock()
		batch := s.take(cluster)
		s.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		s.answer(ctx, cluster, batch)
	}
}

// take takes the next batch, of at most ten different services. mu is held.
func (s *services) take(cluster string) []*ask {
	names := map[string]bool{}
	var batch, rest []*ask
	for _, a := range s.waiting[cluster] {
		if names[a.name] || len(names) < maxServices {
			names[a.name] = true
			batch = append(batch, a)
		} else {
			rest = append(rest, a)
		}
	}
	if len(batch) == 0 {
		delete(s.waiting, cluster)
		return nil
	}
	s.waiting[cluster] = rest
	return batch
}

// answer makes one call for the batch. If it is refused, each is asked for alone:
// what is wrong with one service, or not allowed for it, is not the others'.
func (s *services) answer(ctx context.Context, cluster string, batch []*ask) {
	var names []string
	for _, a := range batch {
		if !slices.Contains(names, a.name) {
			names = append(names, a.name)
		}
	}
	found, err := s.read(ctx, cluster, names)
	for _, a := range batch {
		a.out, a.err = found, err
		if err != nil && len(names) > 1 && !limitsRate(err) {
			a.out, a.err = s.read(ctx, cluster, []string{a.name})
		}
		a.out = named(a.out, a.name)
		close(a.done)
	}
}

func (s *services) read(ctx context.Context, cluster string, names []string) ([]types.Service, error) {
	ctx, cancel := context.WithTimeout(ctx, batchTimeout)
	defer cancel()
	in := &awsecs.DescribeServicesInput{Services: names, Include: []types.ServiceField{types.ServiceFieldTags}}
	if cluster != "" {
		in.Cluster = aws.String(cluster)
	}
	out, err := s.ecs.DescribeServices(ctx, in)
	if err != nil {
		return nil, err
	}
	return out.Services, nil
}

// named returns the services with the name, which may be an ARN.
func named(all []types.Service, name string) []types.Service {
	var out []types.Service
	for i := range all {
		if aws.ToString(all[i].ServiceName) == name || aws.ToString(all[i].ServiceArn) == name {
			out = append(out, all[i])
		}
	}
	return out
}
