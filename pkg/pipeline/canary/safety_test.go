package canary

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// exposing is the exposure with these shares.
func exposing(shares map[string]int) exposure {
	out := exposure{}
	for group, percent := range shares {
		out[group] = platform.Exposed{Percent: percent}
	}
	return out
}

func TestRemovable(t *testing.T) {
	t.Parallel()
	old := platform.Set{ID: "old", Group: "blue", Steady: true, Scale: 100}
	fresh := platform.Set{ID: "new", Group: "blue", Steady: true, Scale: 100, Primary: true}
	starting := platform.Set{ID: "starting", Group: "blue", Scale: 100}
	small := platform.Set{ID: "small", Group: "blue", Steady: true, Scale: 30}
	leaving := platform.Set{ID: "leaving", Group: "blue", Steady: true, Scale: 100, Draining: true}
	canary := platform.Set{ID: "canary", Group: "green", Steady: true, Scale: 30}
	for name, tc := range map[string]struct {
		sets       []platform.Set
		exposure   map[string]int
		candidates []platform.Set
		remove     []string
	}{
		"a group without requests may lose its set":               {[]platform.Set{fresh, canary}, map[string]int{"blue": 100, "green": 0}, []platform.Set{canary}, []string{"canary"}},
		"a group with requests may not":                           {[]platform.Set{fresh, canary}, map[string]int{"blue": 80, "green": 20}, []platform.Set{canary}, []string{}},
		"the old primary may go when a new one carries the group": {[]platform.Set{old, fresh}, map[string]int{"blue": 100}, []platform.Set{old}, []string{"old"}},
		"not while the new one is starting":                       {[]platform.Set{old, starting}, map[string]int{"blue": 100}, []platform.Set{old}, []string{}},
		"not for a set of less than full size":                    {[]platform.Set{old, small}, map[string]int{"blue": 100}, []platform.Set{old}, []string{}},
		"not for one that drains itself":                          {[]platform.Set{old, leaving}, map[string]int{"blue": 100}, []platform.Set{old}, []string{}},
		"two that would vouch for each other both stay":           {[]platform.Set{old, fresh}, map[string]int{"blue": 100}, []platform.Set{old, fresh}, []string{}},
		"without a load balancer nothing is exposed":              {[]platform.Set{old}, nil, []platform.Set{old}, []string{"old"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			remove, keep := removable(platform.Service{Sets: tc.sets}, exposing(tc.exposure), tc.candidates)
			if diff := cmp.Diff(tc.remove, idsOf(remove)); diff != "" {
				t.Error(diff)
			}
			if len(remove)+len(keep) != len(tc.candidates) {
				t.Errorf("%d candidates became %d and %d", len(tc.candidates), len(remove), len(keep))
			}
		})
	}
}

func TestLeftoversAreOursAndOfOthersDeployments(t *testing.T) {
	t.Parallel()
	svc := platform.Service{Sets: []platform.Set{
		{ID: "foreign"},
		{ID: "primary", Ours: true, Primary: true, Deployment: "d1"},
		{ID: "mine", Ours: true, Deployment: "d2"},
		{ID: "left", Ours: true, Deployment: "d1"},
		{ID: "leaving", Ours: true, Draining: true, Deployment: "d1"},
	}}
	if diff := cmp.Diff([]string{"left"}, idsOf(leftovers(svc, "d2"))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"mine"}, idsOf(made(svc, "d2", ""))); diff != "" {
		t.Error(diff)
	}
}

func TestWeightsBefore(t *testing.T) {
	t.Parallel()
	before := platform.Baseline{Weights: platform.Weights{Primary: 80, Canary: 20}}
	standing := platform.Service{Sets: []platform.Set{{ID: "old-canary", Group: "green", Steady: true, Deployment: "d1"}}}
	ours := platform.Service{Sets: []platform.Set{{ID: "canary", Group: "green", Steady: true, Deployment: "d2"}}}
	if got := weightsBefore(before, standing, "green", "d2"); got != before.Weights {
		t.Errorf("a canary that stood before keeps its share; got %+v", got)
	}
	if got := weightsBefore(before, ours, "green", "d2"); got != allPrimary() {
		t.Errorf("a canary that goes now gets nothing; got %+v", got)
	}
	if got := weightsBefore(before, platform.Service{}, "green", "d2"); got != allPrimary() {
		t.Errorf("an empty group gets nothing; got %+v", got)
	}
}

func TestRoomy(t *testing.T) {
	t.Parallel()
	pipeline := &model.Deployment{ID: "d2", Stages: []model.Stage{
		{Name: model.StageECSCanaryRollout}, {Name: model.StageECSTrafficRouting}, {Name: model.StageECSPrimaryRollout}, {Name: model.StageRollback},
	}}
	primary := platform.Set{ID: "primary", Ours: true, Primary: true, Deployment: "d1"}
	foreign := platform.Set{ID: "foreign"}
	left := platform.Set{ID: "left", Ours: true, Deployment: "d1"}
	for name, tc := range map[string]struct {
		before []platform.Set
		want   bool
	}{
		"nothing":                     {[]platform.Set{}, true},
		"the primary":                 {[]platform.Set{primary}, true},
		"foreign ones, just":          {[]platform.Set{primary, foreign, foreign}, true},
		"foreign ones, too many":      {[]platform.Set{primary, foreign, foreign, foreign}, false},
		"a leftover":                  {[]platform.Set{primary, left}, false},
		"not recorded, so not known":  {nil, false},
		"one that drains takes place": {[]platform.Set{primary, foreign, foreign, {ID: "leaving", Ours: true, Draining: true}}, false},
	} {
		if got := roomy(platform.Baseline{Sets: tc.before}, pipeline); got != tc.want {
			t.Errorf("%s: roomy is %t", name, got)
		}
	}
}

func TestUndivided(t *testing.T) {
	t.Parallel()
	sync := &model.Deployment{Stages: []model.Stage{{Name: model.StageECSSync}}}
	moves := &model.Deployment{Stages: []model.Stage{{Name: model.StageECSTrafficRouting}, {Name: model.StageECSSync}}}
	if !undivided(platform.Baseline{Weights: allPrimary()}, sync) {
		t.Error("all requests went to the primary, and nobody moves them")
	}
	if undivided(platform.Baseline{Weights: allPrimary()}, moves) {
		t.Error("a stage of the deployment moved requests")
	}
	if undivided(platform.Baseline{Weights: platform.Weights{Primary: 80, Canary: 20}}, sync) {
		t.Error("an earlier canary still got requests")
	}
}

func TestPromoted(t *testing.T) {
	t.Parallel()
	before := platform.Service{Exists: true, Sets: []platform.Set{{ID: "old", Primary: true, Steady: true}, {ID: "new", Steady: true, Ours: true}}}
	want := []platform.Set{{ID: "old", Steady: true}, {ID: "new", Primary: true, Ours: true}}
	if diff := cmp.Diff(want, promoted(before, platform.Set{ID: "new", Primary: true}).Sets); diff != "" {
		t.Error(diff)
	}
	if !before.Sets[0].Primary {
		t.Error("what was seen was changed")
	}
}
