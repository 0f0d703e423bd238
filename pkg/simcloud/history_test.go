package simcloud

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/simcloud/ecs"
	"pipecd/pkg/simcloud/elb"
)

// look is what a load balancer with one target group shows.
func look(errors5xx uint64, targets ...elb.TargetState) elb.Snapshot {
	return elb.Snapshot{TargetGroups: []elb.TargetGroupState{{Name: "blue", Answers: map[string]uint64{"5xx": errors5xx}, Targets: targets}}}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	var h history
	start := time.UnixMilli(1_700_000_000_000)
	at := func(n int) time.Time { return start.Add(time.Duration(n) * historyPeriod) }
	tasks := map[string]ecs.TaskState{"a": {Version: "v1"}, "b": {Version: "v2"}}
	a := func(n uint64) elb.TargetState { return elb.TargetState{ID: "a", Requests: n} }
	b := func(n uint64) elb.TargetState { return elb.TargetState{ID: "b", Requests: n} }

	h.sample(at(0), look(7, a(100)), tasks) // what was before is no gain
	h.sample(at(1), look(7, a(130)), tasks)
	h.sample(at(2), look(9, a(140), b(20)), tasks)
	h.sample(at(2).Add(time.Millisecond), look(9, a(141), b(21)), tasks) // too close to say a rate
	delete(tasks, "a")
	h.sample(at(3), look(9, a(145), b(50)), tasks) // a is gone, and still drains
	h.sample(at(4), look(2, b(10)), tasks)         // counted anew

	points, versions := h.snapshot()
	want := []point{
		{At: at(1).UnixMilli(), Took: 500, Versions: map[string]uint64{"v1": 30}},
		{At: at(2).UnixMilli(), Took: 500, Versions: map[string]uint64{"v1": 10, "v2": 20}, Errors: 2},
		{At: at(3).UnixMilli(), Took: 500, Versions: map[string]uint64{"v1": 5, "v2": 30}},
		{At: at(4).UnixMilli(), Took: 500, Versions: map[string]uint64{"v2": 10}, Errors: 2},
	}
	if diff := cmp.Diff(want, points); diff != "" {
		t.Errorf("points (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"v1", "v2"}, versions); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	var h history
	now := time.UnixMilli(1_700_000_000_000)
	for i := range 1000 {
		now = now.Add(historyPeriod)
		version := "v" + time.Duration(i).String()
		h.sample(now, look(0, elb.TargetState{ID: "a", Requests: uint64(i)}), map[string]ecs.TaskState{"a": {Version: version}})
	}
	points, versions := h.snapshot()
	if most := int(historySpan/historyPeriod) + 1; len(points) != most {
		t.Errorf("%d points are kept, want the last minute's %d", len(points), most)
	}
	if len(versions) != historyVersions {
		t.Errorf("%d versions are kept, want %d", len(versions), historyVersions)
	}
	if oldest := points[0].At; oldest != now.Add(-historySpan).UnixMilli() {
		t.Errorf("the oldest point is of %d", oldest)
	}
}
