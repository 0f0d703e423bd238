package ecs_test

import (
	"slices"
	"strings"
	"testing"

	"pipecd/pkg/model"
	"pipecd/pkg/simcloud"
	"pipecd/pkg/simcloud/wire"
)

const ecrHost = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/"

// TestRolesAndImages: what does not exist is refused before anything is changed,
// and what cannot be asked keeps nobody from deploying.
func TestRolesAndImages(t *testing.T) {
	const (
		execution = "arn:aws:iam::123456789012:role/execution"
		image     = "example.com/shop:v1"
	)
	roles := []simcloud.Role{{Name: "execution"}, {Name: "moved", Path: "/service/"}, {Name: "machines", TrustedService: "ec2.amazonaws.com"}}
	registry := &simcloud.Registry{Images: []string{"team/shop:v1"}, PullThrough: []string{"mirror"}}
	denied := func(actions ...string) (out []simcloud.Denial) {
		for _, a := range actions {
			out = append(out, simcloud.Denial{AccessKeyID: "AKIAEXAMPLE", Action: a})
		}
		return out
	}
	unknown := ecrHost + "team/shop:v9"
	for name, tc := range map[string]struct {
		old, now string
		denials  []simcloud.Denial
		refused  string // "" for a deployment that succeeds
		told     string
	}{
		"all there":              {image, ecrHost + "team/shop:v1", nil, "", ""},
		"no such role":           {execution, "arn:aws:iam::123456789012:role/none", nil, "executionRoleArn of the task definition: role arn:aws:iam::123456789012:role/none does not exist", ""},
		"a role of no tasks":     {execution, "arn:aws:iam::123456789012:role/machines", nil, "its trust policy does not name ecs-tasks.amazonaws.com", ""},
		"another path":           {execution, "arn:aws:iam::123456789012:role/moved", nil, "but arn:aws:iam::123456789012:role/service/moved does: write that", ""},
		"another account":        {execution, "arn:aws:iam::210987654321:role/none", nil, "", "role arn:aws:iam::210987654321:role/none belongs to another account"},
		"the same name there":    {execution, "arn:aws:iam::210987654321:role/execution", nil, "", "belongs to another account"},
		"roles not to be asked":  {execution, "arn:aws:iam::123456789012:role/none", denied("iam:GetRole"), "", "was not looked at: reading role none: AWS denied iam:GetRole"},
		"no such image":          {image, unknown, nil, "image " + unknown + " does not exist: Amazon ECR has the repository, but not this image", ""},
		"no such repository":     {image, ecrHost + "team/none:v1", nil, "Amazon ECR has no repository team/none in account 123456789012", ""},
		"no such digest":         {image, ecrHost + "team/shop@sha256:" + strings.Repeat("0", 64), nil, "but not this image", ""},
		"pulled through":         {image, ecrHost + "mirror/x:v1", nil, "", ""},
		"images not to be asked": {image, unknown, denied("ecr:DescribeImages"), "", "was not looked at: asking Amazon ECR for it: AWS denied ecr:DescribeImages"},
		"rules not to be asked":  {image, unknown, denied("ecr:DescribePullThroughCacheRules"), "", "whether a pull through cache would bring it is not known"},
		"another region":         {image, strings.Replace(unknown, "ap-northeast-1", "eu-west-1", 1), nil, "", "was not looked at: asking Amazon ECR for it"},
		"another registry":       {image, "registry.example.com/none:v1", nil, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(cfg *simcloud.Config) { cfg.Roles, cfg.Registry, cfg.Denials = roles, registry, tc.denials }, func(t *testing.T, w *world) {
				t.Helper()
				d := w.deployment("d1", shop("v1", "").withTask(tc.old, tc.now), quickSync()...)
				want := model.DeploymentSuccess
				if tc.refused != "" {
					want = model.DeploymentFailure
				}
				d.mustRun(verdictStage{}, want)
				if !strings.Contains(d.log(), tc.refused) || !strings.Contains(d.log(), tc.told) {
					t.Errorf("got\n%s\nwant %q %q", d.log(), tc.refused, tc.told)
				}
				if tc.refused == "" && tc.told == "" && strings.Contains(d.log(), "looked at") {
					t.Errorf("something was not looked at:\n%s", d.log())
				}
				changed := slices.ContainsFunc(w.cloud.Calls(), func(c simcloud.Call) bool { return c.Operation == "RegisterTaskDefinition" })
				if changed == (tc.refused != "") {
					t.Errorf("changed: %t", changed)
				}
			})
		})
	}
}

// TestRolesAndImagesAreAskedOnce: what runs already is not asked for again.
func TestRolesAndImagesAreAskedOnce(t *testing.T) {
	asked := func(w *world) (n int) {
		for _, c := range w.cloud.Calls() {
			if c.Service == "iam" || c.Service == "ecr" {
				n++
			}
		}
		return n
	}
	virtually(t, nil, func(t *testing.T, w *world) {
		t.Helper()
		for i, tc := range []struct {
			version string
			asked   int // in all
		}{{"v1", 2}, {"v1", 2}, {"v2", 3}} {
			d := w.deployment("d"+tc.version+string(rune('0'+i)), shop(tc.version, "").withTask("example.com/", ecrHost), quickSync()...)
			d.mustRun(verdictStage{}, model.DeploymentSuccess)
			if n := asked(w); n != tc.asked {
				t.Errorf("deployment %d: %d questions in all, want %d", i, n, tc.asked)
			}
		}
	})
}

// TestSilentServicesKeepNobodyWaiting: a closed network answers nothing.
func TestSilentServicesKeepNobodyWaiting(t *testing.T) {
	fault := func(service, _ string, _ int) *wire.Fault {
		if service == "iam" || service == "ecr" {
			return &wire.Fault{Error: wire.Unavailable()}
		}
		return nil
	}
	virtually(t, func(cfg *simcloud.Config) { cfg.Faults = fault }, func(t *testing.T, w *world) {
		t.Helper()
		d := w.deployment("d1", shop("v1", "").withTask("example.com/", ecrHost), quickSync()...)
		d.mustRun(verdictStage{}, model.DeploymentSuccess)
		if !strings.Contains(d.log(), "executionRoleArn of the task definition was not looked at") || !strings.Contains(d.log(), "Image "+ecrHost+"shop:v1 was not looked at") {
			t.Errorf("got\n%s", d.log())
		}
	})
}

// withTask replaces texts of the task definition.
func (f files) withTask(pairs ...string) files {
	return files{"servicedef.yaml": f["servicedef.yaml"], "taskdef.yaml": strings.NewReplacer(pairs...).Replace(f["taskdef.yaml"])}
}
