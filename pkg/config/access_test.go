package config

import (
	"strings"
	"testing"
)

// TestStandaloneTask checks what a file without a service may say.
func TestStandaloneTask(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		input, stage string
		want         string
	}{
		"said so":       {"clusterArn: c", "{name: ECS_SYNC}", ""},
		"nothing said":  {"taskDefinitionFile: t", "{name: WAIT}", "warning: spec.input.serviceDefinitionFile: without it the application is a standalone task"},
		"canary":        {"runStandaloneTask: true", "{name: ECS_CANARY_ROLLOUT, with: {scale: 30}}", "stages[0].name: ECS_CANARY_ROLLOUT needs a service"},
		"target groups": {"targetGroups: {}", "{name: WAIT}", "spec.input.serviceDefinitionFile: is required with targetGroups"},
		"public ip":     {"awsvpcConfiguration: {assignPublicIp: yes}", "{name: WAIT}", "assignPublicIp: expected"},
		"of a service":  {"serviceDefinitionFile: s, clusterArn: c", "{name: WAIT}", "warning: spec.input.clusterArn: the field is for a standalone task only"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if all := said("  input: {" + tt.input + "}\n  pipeline: {stages: [" + tt.stage + "]}\n"); (tt.want == "") != (all == "") || !strings.Contains(all, tt.want) {
				t.Errorf("got %q, want %q", all, tt.want)
			}
		})
	}
}

// said is what is said about an application file with the spec.
func said(spec string) string {
	_, ps := LoadECSApp("f", []byte("apiVersion: pipecd.dev/v1beta1\nkind: ECSApp\nspec:\n"+spec))
	var all []string
	for _, p := range ps {
		all = append(all, p.String())
	}
	return strings.Join(all, "\n")
}

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
			if all := said("  input: {serviceDefinitionFile: s, " + tt.input + "}\n  pipeline: {stages: [" + tt.stage + "]}\n"); (tt.want == "") != (all == "") || !strings.Contains(all, tt.want) {
				t.Errorf("got %q, want %q", all, tt.want)
			}
		})
	}
}

// TestBaseline checks that a baseline is started in time, and removed.
func TestBaseline(t *testing.T) {
	t.Parallel()

	const (
		base  = "{name: ECS_BASELINE_ROLLOUT, with: {scale: 30}}"
		gone  = "{name: ECS_BASELINE_CLEAN}"
		prime = "{name: ECS_PRIMARY_ROLLOUT}"
	)
	for name, tt := range map[string]struct{ stages, want string }{
		"cleaned":                   {base + ", " + gone + ", " + prime, ""},
		"removed with what it runs": {base + ", " + prime, ""},
		"left":                      {base, "warning: spec.pipeline.stages[0]: the pipeline ends while the baseline still runs"},
		"too late":                  {prime + ", " + base, "stages[1]: the running version is replaced by spec.pipeline.stages[0] already"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := said("  input: {serviceDefinitionFile: s}\n  pipeline: {stages: [" + tt.stages + "]}\n")
			if (tt.want == "") != (all == "") || !strings.Contains(all, tt.want) {
				t.Errorf("got %q, want %q", all, tt.want)
			}
		})
	}
}
