package analysistest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/analysis"
	"pipecd/pkg/model"
)

const (
	width = time.Minute
	// offset puts windows where no bucket begins, as real ones are.
	offset = 17 * time.Second
)

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	t.Helper()
	t.Run("points belong where their bucket ends", h.bucketEnds)
	t.Run("windows in a row see each bucket once", h.partition)
	t.Run("null is not zero", h.null)
	t.Run("groups are series of their own", h.groups)
	t.Run("nothing is not an error", h.nothing)
	t.Run("newest tells late from missing", h.newest)
	t.Run("empty questions are refused", h.emptyQuestion)
	t.Run("faults have codes", h.faults)
	t.Run("cancel ends the call", h.cancel)
	t.Run("concurrent calls", h.concurrent)
}

// base is a full minute some time ago, so that all buckets are complete.
func base() time.Time {
	return time.Now().Add(-40 * time.Minute).Truncate(time.Minute).UTC()
}

func (h Harness) query(w analysis.Window) analysis.Query {
	return analysis.Query{Expr: h.Expr, Window: w, Lookback: analysis.Lookback}
}

func (h Harness) ask(t *testing.T, world *World, w analysis.Window) analysis.Result {
	t.Helper()
	result, err := h.New(t, world).Query(t.Context(), h.query(w))
	if err != nil {
		t.Fatalf("Query(%s): %v", w, err)
	}
	return result
}

func (h Harness) bucketEnds(t *testing.T) {
	t.Parallel()
	start := base()
	world := &World{Width: width, Lines: []Line{{Name: "m", Buckets: row(start, width, 1, 2, 3, 4, 5)}}}
	window := analysis.Window{From: start.Add(offset).Add(width), To: start.Add(offset).Add(3 * width)}
	got := h.ask(t, world, window)

	// Bucket 2 ends at 2m, bucket 3 at 3m; bucket 4 ends at 4m, after 3m17s.
	want := []analysis.Point{{Time: start.Add(width), Value: 2}, {Time: start.Add(2 * width), Value: 3}}
	if diff := cmp.Diff(want, points(got)); diff != "" {
		t.Errorf("points (-want +got):\n%s", diff)
	}
}

func (h Harness) partition(t *testing.T) {
	t.Parallel()
	start := base()
	world := &World{Width: width, Lines: []Line{{Name: "m", Buckets: row(start, width, 1, 2, 3, 4, 5, 6, 7, 8)}}}
	provider := h.New(t, world)
	const interval = 100 * time.Second
	var seen []float64
	for from := start.Add(offset - interval); from.Before(start.Add(9 * width)); from = from.Add(interval) {
		result, err := provider.Query(t.Context(), h.query(analysis.Window{From: from, To: from.Add(interval)}))
		if err != nil {
			t.Fatalf("Query: %v", err)
		}
		for _, p := range points(result) {
			seen = append(seen, p.Value)
		}
	}
	if diff := cmp.Diff([]float64{1, 2, 3, 4, 5, 6, 7, 8}, seen); diff != "" {
		t.Errorf("values over all windows (-want +got):\n%s", diff)
	}
}

func (h Harness) null(t *testing.T) {
	t.Parallel()
	start := base()
	buckets := row(start, width, 1, 0, 3)
	buckets[0].Value = nil
	got := h.ask(t, &World{Width: width, Lines: []Line{{Name: "m", Buckets: buckets}}},
		analysis.Window{From: start, To: start.Add(3 * width)})
	want := []analysis.Point{{Time: start.Add(width), Value: 0}, {Time: start.Add(2 * width), Value: 3}}
	if diff := cmp.Diff(want, points(got)); diff != "" {
		t.Errorf("points (-want +got):\n%s", diff)
	}
}

func (h Harness) groups(t *testing.T) {
	t.Parallel()
	start := base()
	got := h.ask(t, &World{Width: width, Lines: []Line{
		{Name: "m", Scope: "host:a", Buckets: row(start, width, 1, 2)},
		{Name: "m", Scope: "host:b", Buckets: row(start, width, 3, 4)},
	}}, analysis.Window{From: start, To: start.Add(2 * width)})
	values := map[string][]float64{}
	for _, s := range got.Series {
		for _, p := range s.Points {
			values[s.Scope] = append(values[s.Scope], p.Value)
		}
	}
	if diff := cmp.Diff(map[string][]float64{"host:a": {1, 2}, "host:b": {3, 4}}, values); diff != "" {
		t.Errorf("values by scope (-want +got):\n%s", diff)
	}
}

func (h Harness) nothing(t *testing.T) {
	t.Parallel()
	start := base()
	window := analysis.Window{From: start, To: start.Add(2 * width)}
	nulls := row(start, width, 0, 0)
	nulls[0].Value, nulls[1].Value = nil, nil
	for name, lines := range map[string][]Line{
		"no series": nil,
		"no points": {{Name: "m"}},
		"all null":  {{Name: "m", Buckets: nulls}},
	} {
		got := h.ask(t, &World{Width: width, Lines: lines}, window)
		if got.Points() != 0 || !got.Newest.IsZero() {
			t.Errorf("%s: got %d points, newest %s; want nothing", name, got.Points(), got.Newest)
		}
	}
}

func (h Harness) newest(t *testing.T) {
	t.Parallel()
	start := base()
	world := &World{Width: width, Lines: []Line{{Name: "m", Buckets: row(start, width, 1, 2, 3)}}}
	window := func(from, to time.Duration) analysis.Window {
		return analysis.Window{From: start.Add(from), To: start.Add(to)}
	}
	end := start.Add(3 * width)
	for name, tt := range map[string]struct {
		window analysis.Window
		points int
		newest time.Time
	}{
		"before the window": {window(5*width, 6*width), 0, end},
		"in the window":     {window(0, 5*width), 3, end},
		"after the window":  {window(-5*width, -4*width), 0, end},
		"out of sight":      {window(30*width, 31*width), 0, time.Time{}},
	} {
		got := h.ask(t, world, tt.window)
		if got.Points() != tt.points || !got.Newest.Equal(tt.newest) {
			t.Errorf("%s: got %d points, newest %s; want %d, %s", name, got.Points(), got.Newest, tt.points, tt.newest)
		}
	}
}

func (h Harness) emptyQuestion(t *testing.T) {
	t.Parallel()
	provider := h.New(t, &World{Width: width})
	start := base()
	for name, q := range map[string]analysis.Query{
		"no query":        {Expr: "  ", Window: analysis.Window{From: start, To: start.Add(width)}},
		"no time":         {Expr: h.Expr, Window: analysis.Window{From: start, To: start}},
		"backwards":       {Expr: h.Expr, Window: analysis.Window{From: start, To: start.Add(-width)}},
		"look-back ahead": {Expr: h.Expr, Window: analysis.Window{From: start, To: start.Add(width)}, Lookback: -width},
	} {
		if _, err := provider.Query(t.Context(), q); model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("%s: got %v, want %s", name, err, model.CodeInvalid)
		}
	}
}

func (h Harness) faults(t *testing.T) {
	t.Parallel()
	window := analysis.Window{From: base(), To: base().Add(width)}
	for name, tt := range map[string]struct {
		fault Fault
		want  []model.Code
	}{
		"rejected query": {RejectQuery, []model.Code{model.CodeInvalid}},
		"refused keys":   {RefuseKeys, []model.Code{model.CodePermissionDenied, model.CodeUnauthenticated}},
		"rate limit":     {LimitRate, []model.Code{model.CodeExhausted}},
		"overload":       {Overloaded, []model.Code{model.CodeUnavailable}},
		"garbage":        {Garbage, []model.Code{model.CodeUnavailable}},
		"hang up":        {HangUp, []model.Code{model.CodeUnavailable}},
	} {
		_, err := h.New(t, &World{Width: width, Fault: tt.fault}).Query(t.Context(), h.query(window))
		if !slices.Contains(tt.want, model.CodeOf(err)) {
			t.Errorf("%s: got %v (code %q), want a code of %v", name, err, model.CodeOf(err), tt.want)
		}
		wait, ok := errors.AsType[*analysis.RetryAfterError](err)
		if limited := tt.fault == LimitRate; limited != ok || (limited && wait.After != RetryAfter) {
			t.Errorf("%s: got retry-after %+v, want %s only for a rate limit", name, wait, RetryAfter)
		}
	}
}

func (h Harness) cancel(t *testing.T) {
	t.Parallel()
	world := &World{Width: width, Fault: Silence, Asked: make(chan struct{}, 1)}
	provider := h.New(t, world)
	cause := errors.New("somebody pressed cancel")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-world.Asked
		cancel(cause)
	}()
	_, err := provider.Query(ctx, h.query(analysis.Window{From: base(), To: base().Add(width)}))
	if !errors.Is(err, cause) {
		t.Errorf("Query after cancel: got %v, want it to wrap %q", err, cause)
	}
}

func (h Harness) concurrent(t *testing.T) {
	t.Parallel()
	start := base()
	provider := h.New(t, &World{Width: width, Lines: []Line{{Name: "m", Buckets: row(start, width, 1, 2, 3, 4, 5, 6, 7, 8)}}})
	var calls sync.WaitGroup
	for i := range 8 {
		calls.Go(func() {
			from := start.Add(time.Duration(i) * width)
			result, err := provider.Query(t.Context(), h.query(analysis.Window{From: from, To: from.Add(width)}))
			if err != nil {
				t.Errorf("Query: %v", err)
				return
			}
			if got := points(result); len(got) != 1 || got[0].Value != float64(i+1) {
				t.Errorf("window %d: got %v, want the value %d", i, got, i+1)
			}
		})
	}
	calls.Wait()
}

func points(r analysis.Result) []analysis.Point {
	var out []analysis.Point
	for _, s := range r.Series {
		out = append(out, s.Points...)
	}
	return out
}
