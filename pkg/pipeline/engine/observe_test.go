package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"pipecd/pkg/model"
	"pipecd/pkg/observe"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/telemetry"
	"pipecd/pkg/telemetry/telemetrytest"
)

func TestStagesAreObserved(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		spans := tracetest.NewInMemoryExporter()
		tel := telemetry.New(telemetry.Options{
			Catalog: telemetry.Agent(), Tracing: sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)),
		})
		running := 0.0
		w := newWorld(t, func(ctx context.Context, _ *stage.Run) (stage.Outcome, error) {
			running = telemetrytest.Values(t, tel.Registry())[`piped_stages_running{stage="KIND_A"}`]
			_, end := tel.Begin(ctx, observe.Operation{Kind: observe.AWSCall, Group: "ECS", Name: "CreateTaskSet"})
			end("", nil)
			return stage.Outcome{}, nil
		}, fail)
		w.observer = tel
		w.ends(model.DeploymentFailure)

		stages := map[string]float64{}
		for name, value := range telemetrytest.Values(t, tel.Registry()) {
			if strings.HasPrefix(name, "piped_stage") {
				stages[name] = value
			}
		}
		want := map[string]float64{
			`piped_stage_duration_seconds_count{stage="KIND_A",status="SUCCESS"}`:   1,
			`piped_stage_duration_seconds_count{stage="KIND_B",status="FAILURE"}`:   1,
			`piped_stage_duration_seconds_count{stage="ROLLBACK",status="SUCCESS"}`: 1,
			`piped_stages_running{stage="KIND_A"}`:                                  0,
			`piped_stages_running{stage="KIND_B"}`:                                  0,
			`piped_stages_running{stage="ROLLBACK"}`:                                0,
		}
		if diff := cmp.Diff(want, stages); diff != "" || running != 1 {
			t.Errorf("%v ran in the stage: %s", running, diff)
		}
		stubs := spans.GetSpans()
		if len(stubs) != 4 || stubs[0].Name != "aws ECS CreateTaskSet" || stubs[1].Name != "stage KIND_A" || stubs[0].Parent.SpanID() != stubs[1].SpanContext.SpanID() {
			t.Errorf("spans: %v", stubs)
		}
	})
}

func TestAStageThatGoesOnElsewhereIsLeft(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		tel := telemetry.New(telemetry.Options{Catalog: telemetry.Agent()})
		ctx, stop := context.WithCancelCause(t.Context())
		w := newWorld(t, func(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
			stop(stage.ErrStopping)
			return wait(ctx, run)
		}, succeed)
		w.observer = tel
		w.letsGo(ctx, stage.ErrStopping)
		name := `piped_stage_duration_seconds_count{stage="KIND_A",status="LEFT"}`
		if got := telemetrytest.Values(t, tel.Registry())[name]; got != 1 {
			t.Errorf("%s is %v", name, got)
		}
	})
}
