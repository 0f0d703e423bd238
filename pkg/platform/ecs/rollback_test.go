package ecs_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/engine"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/simcloud"
	"pipecd/pkg/simcloud/wire"
)

// killAt lets the process die at its nth call to the cloud, before the call
// reaches the cloud or after. It returns what ends the process's context and
// whether it died.
func (d *deployment) killAtCall(t *testing.T, nth int, after bool, gate stage.Stage) (died bool) {
	t.Helper()
	ctx, die := context.WithCancelCause(t.Context())
	defer die(nil)
	calls := 0
	strike := func(here bool) error {
		if !died && here && calls == nth {
			died = true
			d.mu.Lock()
			d.killAt = 1 // nothing more is recorded
			d.mu.Unlock()
			die(errKilled)
		}
		if died {
			return errKilled
		}
		return nil
	}
	tap := d.world.wire
	check := tap.after
	tap.before = func() error { calls++; return strike(!after) }
	tap.after = func() error {
		if check != nil {
			_ = check()
		}
		return strike(after)
	}
	_, err := d.run(ctx, gate)
	tap.before, tap.after = nil, check
	d.killAt = 0
	if died != (err != nil) {
		t.Fatalf("died: %t, but the run ended with %v\n%s", died, err, d.log())
	}
	return died
}

// unserved names the target groups that get requests and have no healthy target.
func (w *world) unserved() []string {
	snapshot := w.cloud.ELB.Snapshot()
	var out []string
	for _, lb := range snapshot.LoadBalancers {
		for _, l := range lb.Listeners {
			for _, r := range l.Rules {
				for _, g := range r.Weights {
					group, _ := snapshot.TargetGroup(g.TargetGroup)
					healthy := 0
					for _, target := range group.Targets {
						if target.State == "healthy" {
							healthy++
						}
					}
					if g.Weight > 0 && healthy == 0 && g.TargetGroup != "red" { // others' group
						out = append(out, fmt.Sprintf("%s at weight %d", g.TargetGroup, g.Weight))
					}
				}
			}
		}
	}
	return out
}

// TestKilledAtAnyCallEndsRightly kills the process before and after each of its
// calls to the cloud, those of the rollback included, and lets another go on.
func TestKilledAtAnyCallEndsRightly(t *testing.T) {
	for name, tt := range map[string]struct {
		stages []stageSpec
		fail   bool
		first  bool // there is no version before
	}{
		"canary":                   {canaryPipeline(analysis()), false, false},
		"bad canary":               {canaryPipeline(analysis()), true, false},
		"bad after the promotion":  {append(canaryPipeline(), analysis()), true, false},
		"bad quick sync":           {append(quickSync(), analysis()), true, false},
		"bad first deployment":     {append(quickSync(), analysis()), true, true},
		"bad canary, two rules":    {canaryPipeline(analysis()), true, false},
		"canary of a new listener": {canaryPipeline(analysis()), true, false},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(cfg *simcloud.Config) {
				switch {
				case strings.Contains(name, "two rules"):
					shared(cfg)
				case strings.Contains(name, "new listener"):
					cfg.LoadBalancers[0].Listeners[0].DefaultActions = to("blue")
				}
			}, func(t *testing.T, w *world) {
				t.Helper()
				killAtEveryCall(t, w, tt.stages, tt.fail, tt.first)
			})
		})
	}
}

func killAtEveryCall(t *testing.T, w *world, stages []stageSpec, fail, first bool) {
	t.Helper()
	if !first {
		w.deployment("d0", shop("v0", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
	}
	points := 0
	for _, after := range []bool{false, true} {
		for nth := 1; ; nth++ {
			rules := w.asText(w.rules(), true)
			var before state
			if !first {
				before = w.state()
			}
			var dropped []string
			w.wire.after = func() error { dropped = append(dropped, w.unserved()...); return nil }
			d := w.deployment(fmt.Sprintf("d-%t-%d", after, nth), shop(fmt.Sprintf("v-%t-%d", after, nth), ""), stages...)
			died := d.killAtCall(t, nth, after, verdictStage{fail: fail})
			want := model.DeploymentSuccess
			if fail {
				want = model.DeploymentFailure
			}
			d.mustRun(verdictStage{fail: fail}, want)
			w.wire.after = nil
			at := fmt.Sprintf("killed at call %d (after: %t)", nth, after)
			if fail {
				if undone := d.d.Stage(model.StageIDRollback); undone.Status != model.StageSuccess || strings.Contains(undone.StatusReason, "someone else") {
					t.Fatalf("%s: the rollback ended %s: %s\n%s", at, undone.Status, undone.StatusReason, d.log())
				}
				if diff := cmp.Diff(rules, w.asText(w.rules(), true)); diff != "" {
					t.Fatalf("%s: the rules are not as before: %s\n%s", at, diff, d.log())
				}
			}
			if first {
				if svc := w.observe(); svc.Exists {
					t.Fatalf("%s: the service is still there: %+v\n%s", at, svc, d.log())
				}
			} else {
				now := w.state()
				if now.sets != 1 || now.primary != 100 || now.canary != 0 || (fail && now.revision != before.revision) || (!fail && now.revision == before.revision) {
					t.Fatalf("%s: %+v, before: %+v\n%s", at, now, before, d.log())
				}
				if len(dropped) > 0 {
					t.Fatalf("%s: groups that got requests had no healthy target: %v\n%s", at, dropped, d.log())
				}
			}
			if !died {
				break
			}
			points++
		}
	}
	t.Logf("%d crash points", points)
}

// waits is a stage that goes on until it is stopped.
type waits struct{ begun chan struct{} }

func (w waits) Run(ctx context.Context, _ *stage.Run) (stage.Outcome, error) {
	select {
	case w.begun <- struct{}{}:
	default:
	}
	<-ctx.Done()
	return stage.Outcome{}, context.Cause(ctx)
}

// TestRollbackAfterACancelAndATimeout: wherever the pipeline is stopped.
func TestRollbackAfterACancelAndATimeout(t *testing.T) {
	where := map[string]func([]stageSpec, stageSpec) []stageSpec{
		"before anything":     func(p []stageSpec, s stageSpec) []stageSpec { return append([]stageSpec{s}, p...) },
		"with a canary":       func(_ []stageSpec, s stageSpec) []stageSpec { return canaryPipeline(s) },
		"after the promotion": func(p []stageSpec, s stageSpec) []stageSpec { return append(p, s) },
	}
	for name, place := range where {
		for _, cancel := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, cancel=%t", name, cancel), func(t *testing.T) {
				virtually(t, nil, func(t *testing.T, w *world) {
					t.Helper()
					w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
					before := w.state()
					d := w.deployment("d2", shop("v2", ""), place(canaryPipeline(), analysis())...)
					gate, want := waits{make(chan struct{}, 1)}, model.DeploymentFailure
					if cancel {
						want = model.DeploymentCancelled
						d.begun = func(x *engine.Execution) {
							go func() { <-gate.begun; x.Cancel("someone", model.RollbackAsConfigured) }()
						}
					} else {
						d.timeouts = map[string]time.Duration{}
						for _, s := range d.d.Stages {
							if s.Name == model.StageAnalysis {
								d.timeouts[s.ID] = time.Minute
							}
						}
					}
					d.mustRun(gate, want)
					after := w.state()
					if after.sets != 1 || after.revision != before.revision || after.primary != 100 || after.canary != 0 {
						t.Errorf("after the rollback: %+v, before: %+v\n%s", after, before, d.log())
					}
				})
			})
		}
	}
}

// TestRequestsAreBackWithinTwoSeconds measures the time from the verdict to the
// load balancer's answer that all requests go to the version before, with calls
// that take as long as those of AWS do; also when the verdict was of a process
// that died with it.
func TestRequestsAreBackWithinTwoSeconds(t *testing.T) {
	for _, restart := range []bool{false, true} {
		virtually(t, func(cfg *simcloud.Config) {
			cfg.Faults = func(string, string, int) *wire.Fault { return &wire.Fault{Delay: 150 * time.Millisecond} }
		}, func(t *testing.T, w *world) {
			t.Helper()
			w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
			var verdict, back time.Time
			d := w.deployment("d2", shop("v2", ""), canaryPipeline(analysis())...)
			w.wire.after = func() error {
				if !verdict.IsZero() && back.IsZero() && w.canaryWeight() == 0 {
					back = time.Now()
				}
				return nil
			}
			gate := acts{func() { verdict = time.Now() }, true}
			if restart {
				ctx, die := context.WithCancelCause(t.Context())
				_, err := d.run(ctx, acts{func() { d.killAt = 1; die(errKilled) }, true}) // what the stage reports is lost with the process
				if !errors.Is(err, errKilled) {
					t.Fatalf("the process did not die: %v", err)
				}
				d.killAt = 0
			}
			d.mustRun(gate, model.DeploymentFailure)
			w.wire.after = nil
			took := back.Sub(verdict)
			t.Logf("restart=%t: requests were back %s after the verdict", restart, took)
			if back.IsZero() || took > 2*time.Second {
				t.Errorf("restart=%t: it took %s until the requests were back\n%s", restart, took, d.log())
			}
		})
	}
}

func (w *world) canaryWeight() int {
	for _, r := range w.cloud.ELB.Snapshot().LoadBalancers[0].Listeners[0].Rules {
		for _, g := range r.Weights {
			if g.TargetGroup == "green" {
				return g.Weight
			}
		}
	}
	return 0
}

// TestAStuckRevertDoesNotKeepTheCanary: the settings of the service may not be
// changed, but requests and tasks are back.
func TestAStuckRevertDoesNotKeepTheCanary(t *testing.T) {
	denied := false
	virtually(t, func(cfg *simcloud.Config) {
		cfg.Faults = func(_, operation string, _ int) *wire.Fault {
			if denied && operation == "TagResource" {
				return &wire.Fault{Error: wire.Errorf("AccessDeniedException", "no")}
			}
			return nil
		}
	}, func(t *testing.T, w *world) {
		t.Helper()
		w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
		before := w.state()
		d := w.deployment("d2", shop("v2", ""), canaryPipeline(stageSpec{model.StageAnalysis, &config.AnalysisOptions{}})...)
		d.mustRun(acts{func() { denied = true }, true}, model.DeploymentFailure)
		if after := w.state(); after != before {
			t.Errorf("after the rollback: %+v, before: %+v\n%s", after, before, d.log())
		}
		if undone := d.d.Stage(model.StageIDRollback); undone.Status != model.StageFailure || !strings.Contains(undone.StatusReason, "ecs:TagResource") {
			t.Errorf("the rollback ended %s: %s", undone.Status, undone.StatusReason)
		}
	})
}
