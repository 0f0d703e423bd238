package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	projectID     = "bench"
	username      = "bench"
	password      = "hello-pipecd"
	webhookSecret = "a secret of the host and the control plane"
	passwordHash  = "$2a$10$ye96mUqUqTnjUqgwQJbJzel/LJibRhUnmzyypACkvrTSnQpVFZ7qK"
	repoID        = "bench"
	providerName  = "ecs"
	privateFile   = 0o600
	privateDir    = 0o700
)

func (w *world) controlPlaneFile() string {
	return fmt.Sprintf(`apiVersion: pipecd.dev/v1beta1
kind: ControlPlane
spec:
  webhook:
    secretFile: %s
  projects:
    - id: %s
      staticAdmin:
        username: %s
        passwordHash: "%s"
`, w.path("webhook-secret"), projectID, username, passwordHash)
}

func (w *world) pipedFile() string {
	return fmt.Sprintf(`apiVersion: pipecd.dev/v1beta1
kind: Piped
spec:
  projectID: %s
  pipedID: %s
  pipedKeyFile: %s
  apiAddress: %s
  repositories:
    - repoId: %s
      remote: file://%s
      branch: main
  syncInterval: %s
  platformProviders:
    - name: %s
      type: ECS
      config:
        region: %s
        credentialsFile: %s
        profile: default
`, projectID, w.pipedID, w.path("piped-key"), w.address, repoID, w.path("bench.git"), w.plan.syncInterval, providerName, region, w.path("aws-credentials"))
}

// canary is the pipeline of the guide without its analysis, which waits for
// time to pass.
const canary = `  pipeline:
    stages:
      - name: ECS_CANARY_ROLLOUT
        with:
          scale: 30
      - name: ECS_TRAFFIC_ROUTING
        with:
          canary: 20
      - name: ECS_PRIMARY_ROLLOUT
      - name: ECS_TRAFFIC_ROUTING
        with:
          primary: 100
      - name: ECS_CANARY_CLEAN
`

// mostDeployed is how many applications are deployed at the start. AWS takes
// 20 calls a second for long, so that a thousand would take a quarter of an hour;
// those beyond are in the repository and watched like the others, but a commit
// does not deploy them.
const mostDeployed = 100

const notByCommit = `  trigger:
    onCommit:
      disabled: true
`

// appFiles is the directory of one application.
func (w *world) appFiles(i int, version string) map[string]string {
	pipeline := w.plan.pipeline
	if i >= mostDeployed {
		pipeline += notByCommit
	}
	app := fmt.Sprintf(`apiVersion: pipecd.dev/v1beta1
kind: ECSApp
spec:
  name: app-%d
  input:
    serviceDefinitionFile: servicedef.yaml
    taskDefinitionFile: taskdef.yaml
    targetGroups:
      primary:
        targetGroupArn: %s
        containerName: web
        containerPort: 80
      canary:
        targetGroupArn: %s
        containerName: web
        containerPort: 80
%s`, i, w.cloud.ELB.TargetGroupARN(blue(i)), w.cloud.ELB.TargetGroupARN(green(i)), pipeline)
	service := fmt.Sprintf(`cluster: arn:aws:ecs:%s:%s:cluster/%s
serviceName: app-%d
desiredCount: 2
deploymentController:
  type: EXTERNAL
launchType: FARGATE
networkConfiguration:
  awsvpcConfiguration:
    assignPublicIp: ENABLED
    securityGroups: [sg-0123456789abcdef0]
    subnets: [subnet-0123456789abcdef0]
`, region, account, clusterName, i)
	task := fmt.Sprintf(`family: app-%d
executionRoleArn: arn:aws:iam::%s:role/ecs-taskexecution-iamrole
containerDefinitions:
  - name: web
    image: example.com/bench/app:%s
    cpu: 100
    memory: 100
    portMappings:
      - containerPort: 80
requiresCompatibilities: [FARGATE]
networkMode: awsvpc
memory: 512
cpu: 256
`, i, account, version)
	return map[string]string{"app.pipecd.yaml": app, "servicedef.yaml": service, "taskdef.yaml": task}
}

func appDir(i int) string { return fmt.Sprintf("apps/app-%d", i) }

// writeApp puts a version of an application into the work tree.
func (w *world) writeApp(i int, version string) error {
	dir := w.path(filepath.Join("work", appDir(i)))
	if err := os.MkdirAll(dir, privateDir); err != nil {
		return fmt.Errorf("writing application %d: %w", i, err)
	}
	for name, text := range w.appFiles(i, version) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), privateFile); err != nil {
			return fmt.Errorf("writing application %d: %w", i, err)
		}
	}
	return nil
}

// push commits the work tree and pushes it.
func (w *world) push(ctx context.Context, message string) error {
	for _, args := range [][]string{
		{"add", "--all"},
		{"commit", "--quiet", "--message", message},
		{"push", "--quiet", "origin", "main"},
	} {
		if err := w.git(ctx, w.path("work"), args...); err != nil {
			return err
		}
	}
	return nil
}

// git runs the git program without the user's configuration.
func (*world) git(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
		"GIT_AUTHOR_NAME=bench", "GIT_AUTHOR_EMAIL=bench@example.com",
		"GIT_COMMITTER_NAME=bench", "GIT_COMMITTER_EMAIL=bench@example.com")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(string(out)))
	}
	return nil
}
