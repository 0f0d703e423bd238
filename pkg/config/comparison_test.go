package config

import (
	"strings"
	"testing"
)

// TestComparisons: an analysis that cannot fail, or has nothing to look at, is
// reported where it stands.
func TestComparisons(t *testing.T) {
	t.Parallel()

	const (
		groups = "  input:\n    serviceDefinitionFile: s.yaml\n    targetGroups:\n" +
			"      primary: {targetGroupArn: \"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/a/1\", containerName: web, containerPort: 80}\n" +
			"      canary: {targetGroupArn: \"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/b/1\", containerName: web, containerPort: 80}\n"
		rollout = "{name: ECS_CANARY_ROLLOUT, with: {scale: 10}}, "
		clean   = "{name: ECS_CANARY_CLEAN}, "
	)
	analysis := func(duration, metric string) string {
		return "{name: ANALYSIS, with: {duration: " + duration + ", metrics: [{provider: p, " + metric + "}]}}, "
	}
	const same, named = "query: q", "query: \"q{variant:{{ .Variant.Name }}}\""
	for name, tc := range map[string]struct{ stages, want string }{
		"primary":                {rollout + analysis("5m", "interval: 1m, strategy: CANARY_PRIMARY, "+named), ""},
		"same query":             {rollout + analysis("5m", "interval: 1m, strategy: CANARY_PRIMARY, "+same), "metrics[0].query: the query is the same for the canary and the primary"},
		"no canary yet":          {analysis("5m", "interval: 1m, strategy: CANARY_PRIMARY, "+named) + rollout, "stages[0].with.metrics[0].strategy: no canary runs at this stage"},
		"no canary any more":     {rollout + clean + analysis("5m", "interval: 1m, strategy: CANARY_PRIMARY, "+named), "no canary runs at this stage"},
		"no baseline":            {rollout + analysis("5m", "interval: 1m, strategy: CANARY_BASELINE, "+named), "no baseline runs at this stage"},
		"threshold needs nobody": {analysis("5m", "interval: 1m, expected: {max: 1}, "+same), ""},
		"as many as may fail":    {analysis("5m", "interval: 1m, failureLimit: 5, expected: {max: 1}, "+same), "metrics[0].failureLimit: 5 checks are made and 5 may fail"},
		"one less":               {analysis("5m", "interval: 1m, failureLimit: 4, expected: {max: 1}, "+same), ""},
		"a single check":         {analysis("90s", "interval: 1m, failureLimit: 1, expected: {max: 1}, "+same), "1 check is made and 1 may fail"},
	} {
		_, ps := LoadECSApp("a", []byte("apiVersion: pipecd.dev/v1beta1\nkind: ECSApp\nspec:\n"+groups+"  pipeline: {stages: ["+tc.stages+"]}\n"))
		var got []string
		for _, p := range ps {
			if strings.Contains(p.Message, "runs at this stage") || strings.Contains(p.Message, "never fails") {
				got = append(got, p.String())
			}
		}
		all := strings.Join(got, "\n")
		if (tc.want == "") != (all == "") || !strings.Contains(all, tc.want) || len(got) > 1 {
			t.Errorf("%s: got %q, want %q; all:\n%s", name, all, tc.want, ps.Error())
		}
	}
}
