package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"pipecd/pkg/model"
	"pipecd/pkg/observe"
	"pipecd/pkg/telemetry"
	"pipecd/pkg/telemetry/telemetrytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOutcomes(t *testing.T) {
	t.Parallel()
	tel := telemetry.New(telemetry.Options{Catalog: telemetry.Agent()})
	for _, err := range []error{
		nil, nil, context.Canceled, fmt.Errorf("asking: %w", context.DeadlineExceeded), errors.New("broken"),
		fmt.Errorf("asking: %w", model.Wrap(model.CodeUnavailable, context.DeadlineExceeded, "asking")),
	} {
		_, end := tel.Begin(t.Context(), observe.Operation{Kind: observe.DatadogQuery})
		end("", err)
	}
	_, end := tel.Begin(t.Context(), observe.Operation{Kind: observe.DatadogQuery})
	end("own", errors.New("the outcome that is named wins"))
	const name = "piped_datadog_query_duration_seconds_count"
	for outcome, want := range map[string]float64{"ok": 2, "canceled": 1, "timeout": 1, "internal": 1, "unavailable": 1, "own": 1} {
		key := fmt.Sprintf("%s{outcome=%q}", name, outcome)
		if got := telemetrytest.Values(t, tel.Registry())[key]; got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
}

func TestWhatRunsIsCountedWhileItRuns(t *testing.T) {
	t.Parallel()
	tel := telemetry.New(telemetry.Options{Catalog: telemetry.Agent(), Labels: map[string]string{"piped": "p1"}})
	running := func() float64 {
		return telemetrytest.Values(t, tel.Registry())[`piped_stages_running{piped="p1",stage="ECS_SYNC"}`]
	}
	_, end := tel.Begin(t.Context(), observe.Operation{Kind: observe.Stage, Name: "ECS_SYNC"})
	if got := running(); got != 1 {
		t.Errorf("got %v while it runs", got)
	}
	end("STAGE_SUCCESS", nil)
	if got := running(); got != 0 {
		t.Errorf("got %v afterwards", got)
	}
}

func TestOnlyASuccessMovesTheTimeOfTheLastOne(t *testing.T) {
	t.Parallel()
	tel := telemetry.New(telemetry.Options{Catalog: telemetry.Agent()})
	last := func() float64 {
		return telemetrytest.Values(t, tel.Registry())[`piped_repository_last_success_timestamp_seconds{repository="shop"}`]
	}
	look := observe.Operation{Kind: observe.Look, Name: "shop"}
	_, end := tel.Begin(t.Context(), look)
	end("", errors.New("no route"))
	if got := last(); got != 0 {
		t.Errorf("got %v after a failure", got)
	}
	_, end = tel.Begin(t.Context(), look)
	end("", nil)
	if got := last(); got == 0 {
		t.Error("a success was not noted")
	}
}

func TestWhatTheCatalogLacksIsIgnored(t *testing.T) {
	t.Parallel()
	tel := telemetry.New(telemetry.Options{Catalog: telemetry.Agent()})
	before := telemetrytest.Values(t, tel.Registry())
	ctx, end := tel.Begin(t.Context(), observe.Operation{Kind: observe.RPC, Name: "Login"})
	end("", nil)
	tel.Count(ctx, observe.Logins, 1, "ok")
	tel.Count(ctx, observe.Checks, 1, "one label", "too many")
	tel.Count(ctx, observe.Checks, 0, "PASS")
	tel.Set(ctx, observe.AgentsConnected, 1)
	after := telemetrytest.Values(t, tel.Registry())
	ours := cmp.FilterPath(func(p cmp.Path) bool {
		key, ok := p.Last().(cmp.MapIndex)
		return ok && !strings.HasPrefix(key.Key().String(), "piped_")
	}, cmp.Ignore())
	if diff := cmp.Diff(before, after, ours); diff != "" {
		t.Errorf("something was measured: %s", diff)
	}
}

func TestNobodyLooks(t *testing.T) {
	t.Parallel()
	o := observe.Or(nil)
	ctx, end := o.Begin(t.Context(), observe.Operation{Kind: observe.Stage})
	if ctx != t.Context() {
		t.Error("the context was changed")
	}
	end("", nil)
	o.Count(ctx, observe.Checks, 1)
	o.Set(ctx, observe.LeaseHeld, 1)
	tel := telemetry.New(telemetry.Options{Catalog: telemetry.Agent()})
	if observe.Or(tel) != observe.Observer(tel) {
		t.Error("an observer was replaced")
	}
}
