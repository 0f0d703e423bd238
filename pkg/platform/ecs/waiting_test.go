package ecs_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/simcloud"
	simecs "pipecd/pkg/simcloud/ecs"
	"pipecd/pkg/simcloud/task"
	"pipecd/pkg/simcloud/wire"
)

// failing runs tasks of an image that ends in "bad" in its own way.
type failing struct {
	start error // why a task does not start; nil: it does, and exits
}

type failingTask struct{ exited chan task.Exit }

func (failingTask) Addr() string               { return "in-memory" }
func (f failingTask) Exited() <-chan task.Exit { return f.exited }
func (failingTask) Stop()                      {}
func (f failing) good(s task.Spec) bool        { return !strings.HasSuffix(s.Image, "bad") }
func (f failing) exit(i failingTask)           { i.exited <- task.Exit{Code: 3} }
func (f failing) begin() (i failingTask)       { i.exited = make(chan task.Exit, 1); return i }
func (f failing) Start(_ context.Context, s task.Spec) (task.Instance, error) {
	if f.good(s) {
		return instantTask{}, nil
	}
	if f.start != nil {
		return nil, f.start
	}
	i := f.begin()
	f.exit(i)
	return i, nil
}

// TestWhatCannotGetBetterFailsAtOnce: with the reason, and long before the
// deadline.
func TestWhatCannotGetBetterFailsAtOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		runner failing
		within time.Duration
		says   []string
	}{
		"a missing secret": {
			failing{start: errors.New("unable to pull secrets or registry auth: unable to retrieve secret from asm: ResourceNotFoundException: Secrets Manager can't find the specified secret")},
			30 * time.Second,
			[]string{"cannot start: ResourceInitializationError", "check that what secrets names exists"},
		},
		"no permission": {
			failing{start: errors.New("AccessDeniedException: User is not authorized to perform: secretsmanager:GetSecretValue")}, 30 * time.Second,
			[]string{"allow it in the policy of the execution role"},
		},
		"it crashes": {
			failing{}, 3 * time.Minute,
			[]string{"3 tasks of set", "container web exited with code 3", "Task ", "stopped: Essential container in task exited", "ECS says:"},
		},
		"the net is away": {failing{start: errors.New("dial tcp: i/o timeout")}, 10 * time.Minute, []string{"3 tasks of set", "i/o timeout"}},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(cfg *simcloud.Config) {
				cfg.Runner = tt.runner
				cfg.Timing = simecs.Timing{TaskStart: time.Second, RestartBackoff: 5 * time.Second, SteadyCheck: time.Second}
			}, func(t *testing.T, w *world) {
				t.Helper()
				w.deployment("d1", shop("good", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
				began, before := time.Now(), w.state()
				d := w.deployment("d2", shop("bad", ""), quickSync()...)
				d.mustRun(nil, model.DeploymentFailure)
				if took := time.Since(began); took > tt.within {
					t.Errorf("it took %s, at most %s is wanted", took, tt.within)
				}
				for _, want := range tt.says {
					if !strings.Contains(d.log(), want) {
						t.Errorf("the log does not say %q:\n%s", want, d.log())
					}
				}
				if after := w.state(); after != before {
					t.Errorf("after the rollback: %+v, before %+v", after, before)
				}
			})
		})
	}
}

// scarce has no capacity at first.
type scarce struct{ left *int }

func (s scarce) Start(context.Context, task.Spec) (task.Instance, error) {
	if *s.left > 0 {
		*s.left--
		return nil, errors.New("Capacity is unavailable at this time. Please try again later")
	}
	return instantTask{}, nil
}

func TestAShortageOfCapacityIsWaitedFor(t *testing.T) {
	left := 0
	virtually(t, func(cfg *simcloud.Config) {
		cfg.Runner = scarce{&left}
		cfg.Timing = simecs.Timing{TaskStart: time.Second, RestartBackoff: time.Second, SteadyCheck: time.Second}
	}, func(t *testing.T, w *world) {
		t.Helper()
		w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
		left = 9
		d := w.deployment("d2", shop("v2", ""), quickSync()...)
		d.mustRun(nil, model.DeploymentSuccess)
		if !strings.Contains(d.log(), "AWS has no capacity for the task at this moment") {
			t.Errorf("the log does not say what was waited for:\n%s", d.log())
		}
	})
}

// sick answers health checks with an error from a moment on.
type sick struct{ from *time.Time }

func (s sick) RoundTrip(r *http.Request) (*http.Response, error) {
	code := http.StatusOK
	if !s.from.IsZero() {
		code = http.StatusInternalServerError
	}
	return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
}

func TestHealthOfTargetsIsInTheLog(t *testing.T) {
	var from time.Time
	virtually(t, func(cfg *simcloud.Config) { cfg.Transport = sick{&from} }, func(t *testing.T, w *world) {
		t.Helper()
		w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
		from = time.Now()
		d := w.deployment("d2", shop("v2", ""), canaryPipeline()...)
		d.mustRun(nil, model.DeploymentFailure)
		for _, want := range []string{"of green is initial: the first health checks are running", "is unhealthy in (target-group", "stopped: Task failed ELB health checks", "3 tasks of set"} {
			if !strings.Contains(d.log(), want) {
				t.Errorf("the log does not say %q:\n%s", want, d.log())
			}
		}
	})
}

// TestThrottlingNeverFailsAStage: AWS refuses every call of some for longer than any other failure is put up with.
func TestThrottlingNeverFailsAStage(t *testing.T) {
	for _, operation := range []string{"DescribeTaskSets", "CreateTaskSet", "ModifyListener"} {
		t.Run(operation, func(t *testing.T) {
			var until time.Time
			virtually(t, func(cfg *simcloud.Config) {
				cfg.Faults = func(_, called string, _ int) *wire.Fault {
					if called == operation && time.Now().Before(until) {
						return &wire.Fault{Error: wire.Throttled()}
					}
					return nil
				}
			}, func(t *testing.T, w *world) {
				t.Helper()
				w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
				until = time.Now().Add(12 * time.Minute)
				d := w.deployment("d2", shop("v2", ""), canaryPipeline()...)
				d.mustRun(nil, model.DeploymentSuccess)
			})
		})
	}
}
