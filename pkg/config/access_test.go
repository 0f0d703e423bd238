package config

import (
	"strings"
	"testing"
)

// TestAccess checks which stages need which target groups.
func TestAccess(t *testing.T) {
	t.Parallel()

	const (
		group   = `{targetGroupArn: "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/x/1", containerName: w, containerPort: 80}`
		canary  = "{name: ECS_CANARY_ROLLOUT, with: {scale: 30}}"
		routing = "{name: ECS_TRAFFIC_ROUTING, with: {primary: 100}}"
	)
	for name, tt := range map[string]struct {
		input, stage string
		want         string // "" means that nothing is said
	}{
		"discovery, canary":          {"accessType: SERVICE_DISCOVERY", canary, ""},
		"discovery, routing":         {"accessType: SERVICE_DISCOVERY", routing, "stages[0].name: ECS_TRAFFIC_ROUTING needs a load balancer, and accessType is SERVICE_DISCOVERY (remove the stage"},
		"discovery, group":           {"accessType: SERVICE_DISCOVERY, targetGroups: {primary: " + group + "}", canary, "targetGroups: the target groups are not used"},
		"no load balancer, canary":   {"accessType: ELB", canary, ""},
		"no load balancer, routing":  {"accessType: ELB", routing, "ECS_TRAFFIC_ROUTING needs spec.input.targetGroups.canary, found none"},
		"primary alone, canary":      {"targetGroups: {primary: " + group + "}", canary, "ECS_CANARY_ROLLOUT needs spec.input.targetGroups.canary, found none"},
		"primary alone, routing":     {"targetGroups: {primary: " + group + "}", routing, "ECS_TRAFFIC_ROUTING needs spec.input.targetGroups.canary, found none"},
		"something else than either": {"accessType: NLB", canary, "accessType: expected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, ps := LoadECSApp("f", []byte("apiVersion: pipecd.dev/v1beta1\nkind: ECSApp\nspec:\n  input: {serviceDefinitionFile: s, "+tt.input+"}\n  pipeline: {stages: ["+tt.stage+"]}\n"))
			var said []string
			for _, p := range ps {
				said = append(said, p.String())
			}
			if all := strings.Join(said, "\n"); (tt.want == "") != (all == "") || !strings.Contains(all, tt.want) {
				t.Errorf("got %q, want %q", all, tt.want)
			}
		})
	}
}
