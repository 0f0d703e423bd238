package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pipecd/cmd/measure"
	"pipecd/pkg/simcloud"
)

// changes tells by its name whether an operation changes something.
func changes(operation string) bool {
	changing := []string{"Create", "Delete", "Modify", "Update", "Register", "Deregister", "Tag", "Untag", "Run", "Stop"}
	return slices.ContainsFunc(changing, func(verb string) bool { return strings.HasPrefix(operation, verb) })
}

// calls counts what a deployment asked of AWS. Preflight is what came before
// the first change.
type calls struct {
	preflight, rest int
	byOperation     map[string][2]int
}

func count(all []simcloud.Call) calls {
	c := calls{byOperation: map[string][2]int{}}
	acting := false
	for _, call := range all {
		acting = acting || changes(call.Operation)
		n := c.byOperation[call.Operation]
		if acting {
			c.rest++
			n[1]++
		} else {
			c.preflight++
			n[0]++
		}
		c.byOperation[call.Operation] = n
	}
	return c
}

func measurePipelines(ctx context.Context, s settings, r *measure.Report) error {
	for _, p := range []struct {
		name, pipeline          string
		most                    time.Duration
		mostCalls, mostPrefight float64
	}{
		{"quick sync", "", 500 * time.Millisecond, 7, 6},
		{"canary pipeline", canary, time.Second, 20, 6},
	} {
		times, c, err := pipelineTimes(ctx, s, p.pipeline)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		r.Table(fmt.Sprintf("%s on a cloud that answers at once (%d runs)", p.name, len(times)), []string{"measure", "value", "target"}, [][]string{
			{"created → completed, p50", measure.MS(times.At(measure.Median)), r.Under(measure.InMS(times.At(measure.Median)), measure.InMS(p.most), "ms")},
			{"created → completed, p95", measure.MS(times.At(measure.Tail)), ""},
			{"AWS calls before the first change", strconv.Itoa(c.preflight), r.Under(float64(c.preflight), p.mostPrefight, "calls")},
			{"AWS calls that change or wait", strconv.Itoa(c.rest), r.Under(float64(c.rest), p.mostCalls, "calls")},
		})
		var rows [][]string
		for _, op := range slices.Sorted(keys(c.byOperation)) {
			n := c.byOperation[op]
			rows = append(rows, []string{op, strconv.Itoa(n[0]), strconv.Itoa(n[1])})
		}
		r.Table("AWS calls of one "+p.name, []string{"operation", "before the first change", "after"}, rows)
	}
	return nil
}

func keys[V any](m map[string]V) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// pipelineTimes releases versions of one application and returns how long each
// took from its creation, and the calls of the last.
func pipelineTimes(ctx context.Context, s settings, pipeline string) (measure.Sample, calls, error) {
	w, err := newDeployedWorld(ctx, s, worldPlan{apps: 1, pipeline: pipeline, syncInterval: time.Second})
	if err != nil {
		return nil, calls{}, err
	}
	defer w.close(ctx)
	var (
		times measure.Sample
		last  calls
	)
	for i := range max(s.runs/3, 1) { // enough for a median
		released := time.Now()
		before, err := w.release(ctx, i)
		if err != nil {
			return nil, last, err
		}
		d, err := w.awaitNew(ctx, 0, before)
		if err != nil {
			return nil, last, err
		}
		began := time.Now()
		if err := w.finish(ctx, d.GetId()); err != nil {
			return nil, last, err
		}
		times = append(times, time.Since(began))
		last = count(w.cloud.since(released))
	}
	return times, last, nil
}
