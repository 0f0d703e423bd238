package ecs_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/simcloud/ecs"
	"pipecd/pkg/simcloud/task"
	"pipecd/pkg/simcloud/wire"
)

// memory runs tasks without sockets.
type memory struct{}

type memoryTask struct{}

func (memory) Start(context.Context, task.Spec) (task.Instance, error) { return memoryTask{}, nil }
func (memoryTask) Addr() string                                        { return "in-memory" }
func (memoryTask) Exited() <-chan task.Exit                            { return nil }
func (memoryTask) Stop()                                               {}

// ask calls an operation without a socket and decodes the answer.
func ask(t *testing.T, sim *ecs.Simulator, operation string, in, out any) {
	t.Helper()
	body, err := wire.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(string(body)))
	r.Header.Set("X-Amz-Target", ecs.TargetPrefix+operation)
	w := httptest.NewRecorder()
	sim.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", operation, w.Code, w.Body)
	}
	if err := wire.Decode(w.Body.Bytes(), out); err != nil {
		t.Fatal(err)
	}
}

// virtual starts a simulator in the bubble with one service of one task.
func virtual(t *testing.T, tag string) *ecs.Simulator {
	t.Helper()
	sim, err := ecs.New(ecs.Config{
		Account: "123456789012", Region: "ap-northeast-1", Clusters: []ecs.Cluster{{Name: "prod"}},
		Timing: ecs.Timing{TaskStart: 40 * time.Second, TaskStop: 10 * time.Second, SteadyCheck: time.Second},
		Runner: memory{}, Groups: newGroups(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	var def awsecs.RegisterTaskDefinitionOutput
	ask(t, sim, "RegisterTaskDefinition", definitionInput(tag, nil), &def)
	ask(t, sim, "CreateService", serviceInput(1), &awsecs.CreateServiceOutput{})
	ask(t, sim, "CreateTaskSet", setInput(*def.TaskDefinition.TaskDefinitionArn, 100), &awsecs.CreateTaskSetOutput{})
	return sim
}

func TestTimingInVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := virtual(t, "v1")
		set := func() ecs.TaskSetState { return sim.Snapshot().Services[0].TaskSets[0] }
		time.Sleep(39 * time.Second)
		if s := set(); s.Pending != 1 || s.Running != 0 {
			t.Errorf("after 39 s: pending %d running %d, want 1 0", s.Pending, s.Running)
		}
		time.Sleep(2 * time.Second)
		if s := set(); s.Running != 1 || !s.Steady {
			t.Errorf("after 41 s: running %d steady %v, want 1 true", s.Running, s.Steady)
		}
		desired := types.Scale{Unit: types.ScaleUnitPercent}
		id := set().ID
		in := &awsecs.UpdateTaskSetInput{Cluster: setInput("", 0).Cluster, Service: setInput("", 0).Service, TaskSet: &id, Scale: &desired}
		ask(t, sim, "UpdateTaskSet", in, &awsecs.UpdateTaskSetOutput{})
		time.Sleep(9 * time.Second)
		if n := len(sim.Snapshot().Tasks); n != 1 {
			t.Errorf("9 s after scaling to zero %d tasks are left, want the one that is stopping", n)
		}
		time.Sleep(2 * time.Second)
		if s := set(); len(sim.Snapshot().Tasks) != 0 || !s.Steady {
			t.Errorf("11 s after scaling to zero: tasks %d, steady %v", len(sim.Snapshot().Tasks), s.Steady)
		}
	})
}

func TestBackoffDoubles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := virtual(t, "missing")
		starts := func() int {
			n := 0
			for _, event := range sim.Snapshot().Services[0].Events {
				if strings.Contains(event.Message, "has started 1 tasks") {
					n++
				}
			}
			return n
		}
		// A start takes 40 s; the pauses after it are 1, 2, 4, 8 and 16 s.
		time.Sleep(5*40*time.Second + 15*time.Second + time.Second)
		if n := starts(); n != 5 {
			t.Errorf("%d starts before the pause of 16 s has passed, want 5", n)
		}
		time.Sleep(16 * time.Second)
		if n := starts(); n != 6 {
			t.Errorf("%d starts after it, want 6", n)
		}
	})
}
