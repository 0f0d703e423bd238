package config

import (
	"strings"
	"testing"
)

func TestWeights(t *testing.T) {
	t.Parallel()

	p := func(v Percent) *Percent { return &v }
	for _, tc := range []struct {
		primary, canary         *Percent
		wantPrimary, wantCanary Percent
	}{
		{nil, nil, 100, 0},
		{nil, p(20), 80, 20},
		{nil, p(100), 0, 100},
		{nil, p(0), 100, 0},
		{nil, p(120), 100, 0},
		{nil, p(-1), 100, 0},
		{p(100), nil, 100, 0},
		{p(70), nil, 70, 30},
		{p(1), nil, 1, 99},
		{p(0), nil, 100, 0},
		{p(101), nil, 100, 0},
		{p(0), p(100), 0, 100},
		{p(0), p(0), 100, 0},
		{p(80), p(20), 80, 20},
		{p(80), p(50), 80, 20},
		{p(101), p(10), 90, 10},
	} {
		primary, canary := TrafficRouting{Primary: tc.primary, Canary: tc.canary}.Weights()
		if primary != tc.wantPrimary || canary != tc.wantCanary {
			t.Errorf("%v %v: got %s and %s, want %s and %s", tc.primary, tc.canary, primary, canary, tc.wantPrimary, tc.wantCanary)
		}
	}
}

func TestWalk(t *testing.T) {
	t.Parallel()

	const (
		up     = "{name: ECS_CANARY_ROLLOUT, with: {scale: 30}}"
		some   = "{name: ECS_TRAFFIC_ROUTING, with: {canary: 20}}"
		none   = "{name: ECS_TRAFFIC_ROUTING, with: {canary: 0}}"
		back   = "{name: ECS_TRAFFIC_ROUTING, with: {primary: 100}}"
		clean  = "{name: ECS_CANARY_CLEAN}"
		remove = "stages[2]: the canary is removed while it still gets 20% of the requests, given by spec.pipeline.stages[1]"
		bare   = "{name: ECS_CANARY_ROLLOUT}"
		zero   = "stages[0].with.scale: no scale is given, which means 0%, so the stage starts no task"
		ends   = "stages[1]: the pipeline ends while the canary still gets 20% of the requests"
	)
	groups := `
  input:
    serviceDefinitionFile: s
    targetGroups:
      primary: {targetGroupArn: "<blue>", containerName: w, containerPort: 80}
      canary: {targetGroupArn: "<green>", containerName: w, containerPort: 80}
`
	for _, tc := range []struct {
		name   string
		stages []string
		want   []string
	}{
		{"the usual", []string{up, some, back, clean}, nil},
		{"canary 0", []string{up, some, none, clean}, nil},
		{"no routing", []string{up, clean}, nil},
		{"no scale", []string{bare, clean}, []string{zero}},
		{"no scale, then one", []string{bare, up, some, back, clean}, []string{zero}},
		{"removed too early", []string{up, some, clean, back}, []string{remove}},
		{"never back", []string{up, some}, []string{ends}},
		{"removed and never back", []string{up, some, clean}, []string{remove, ends}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			app, ps := LoadECSApp("f", []byte(appHead+groups+"  pipeline: {stages: ["+strings.Join(tc.stages, ", ")+"]}"))
			if app == nil {
				t.Fatal(ps.Error())
			}
			found := 0
			for _, p := range ps {
				if strings.HasPrefix(p.Field, "spec.pipeline") {
					found++
				}
			}
			for _, want := range tc.want {
				if !strings.Contains(ps.Error(), want) {
					t.Errorf("no %q in\n%s", want, ps.Error())
				}
			}
			if found != len(tc.want) {
				t.Errorf("%d warnings, want %d:\n%s", found, len(tc.want), ps.Error())
			}
		})
	}
}

// TestCanaryScale: what cannot be a canary's size is an error, and so are
// requests for a canary without tasks.
func TestCanaryScale(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ rollout, weight, want string }{
		{"{scale: 1}", "20", ""},
		{"{scale: 100%}", "20", ""},
		{"{scale: 0}", "20", "f:11:50: spec.pipeline.stages[0].with.scale: expected 1 to 100 percent of the service's desired count, found 0"},
		{"{scale: 0}", "0", "f:11:50: spec.pipeline.stages[0].with.scale: expected 1 to 100 percent of the service's desired count, found 0"},
		{"{scale: 101}", "20", "f:11:50: spec.pipeline.stages[0].with.scale: expected 1 to 100 percent of the service's desired count, found 101"},
		{"{scale: -1}", "20", "f:11:50: spec.pipeline.stages[0].with.scale: expected 1 to 100 percent of the service's desired count, found -1"},
		{"{}", "20", "f:13:9: spec.pipeline.stages[1].with: the canary gets 20% of the requests, but spec.pipeline.stages[0] gives it no scale, so it has no task to answer them (set with.scale of that stage)"},
		{"{scale: null}", "100", "f:13:9: spec.pipeline.stages[1].with: the canary gets 100% of the requests, but"},
		{"{}", "0", ""},
	} {
		t.Run(tc.rollout+tc.weight, func(t *testing.T) {
			t.Parallel()

			_, ps := LoadECSApp("f", []byte(appHead+`  input:
    serviceDefinitionFile: s
    targetGroups:
      primary: {targetGroupArn: "<blue>", containerName: w, containerPort: 80}
      canary: {targetGroupArn: "<green>", containerName: w, containerPort: 80}
  pipeline:
    stages:
      - {name: ECS_CANARY_ROLLOUT, with: `+tc.rollout+`}
      - name: ECS_TRAFFIC_ROUTING
        with: {canary: `+tc.weight+`}
`))
			got := ""
			if err := ps.Err(); err != nil {
				got = err.Error()
			}
			if !strings.HasPrefix(got, tc.want) || (tc.want == "") != (got == "") {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()

	known := []string{"serviceDefinitionFile", "taskDefinitionFile", "targetGroups", "id", "max", "min"}
	for word, want := range map[string]string{
		"taskDefinitonFile": "taskDefinitionFile", "targetGroup": "targetGroups", "TARGETGROUPS": "targetGroups", "mxa": "max",
		"i": "id", "completelyElse": "", "": "", strings.Repeat("x", 5000): "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%.30s: got %q, want %q", word, got, want)
		}
	}
}
