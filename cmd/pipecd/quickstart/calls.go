package quickstart

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pipecd/pkg/simcloud"
)

// awsCalls returns the calls to AWS since the moment.
func (w *world) awsCalls(since time.Time) []simcloud.Call {
	return slices.DeleteFunc(w.cloud.Calls(), func(c simcloud.Call) bool { return c.At.Before(since) || c.Service == "datadog" })
}

// tellCalls says how often AWS was called since the moment, by operation.
func (w *world) tellCalls(since time.Time) {
	counts := map[string]int{}
	calls := w.awsCalls(since)
	for _, c := range calls {
		counts[c.Operation]++
	}
	parts := make([]string, 0, len(counts))
	for op, n := range counts {
		parts = append(parts, fmt.Sprintf("%s %d", op, n))
	}
	slices.Sort(parts)
	w.sayf("  AWS calls: %d (%s)", len(calls), strings.Join(parts, ", "))
}

// tellFirstCall says how long after the moment AWS was called first.
func (w *world) tellFirstCall(ctx context.Context, since time.Time) {
	const limit = 10 * time.Second
	var first time.Duration
	err := w.until(ctx, limit, "AWS is called", func(context.Context) (bool, error) {
		calls := w.awsCalls(since)
		if len(calls) > 0 {
			first = calls[0].At.Sub(since)
		}
		return len(calls) > 0, nil
	})
	if err == nil {
		w.sayf("  SYNC → first AWS call: %d ms", first.Milliseconds())
	}
}
