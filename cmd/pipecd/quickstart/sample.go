package quickstart

import (
	"fmt"
	"strings"
)

// Names of the sample world. Project, user and password are those of the guide.
const (
	projectID    = "quickstart"
	username     = "hello-pipecd"
	password     = "hello-pipecd" // the sample's, on loopback only
	passwordHash = "$2a$10$ye96mUqUqTnjUqgwQJbJzel/LJibRhUnmzyypACkvrTSnQpVFZ7qK"

	region       = "ap-northeast-1"
	account      = "123456789012"
	clusterName  = "quickstart"
	serviceName  = "pipecd-nginx-sample"
	balancerName = "sample-lb"
	repoID       = "sample"
	agentName    = "quickstart"
	providerName = "sample-ecs"
	datadogName  = "sample-datadog"
	appName      = "canary"

	labelEnv, labelTeam = "example", "xyz"
)

// release is one version of the sample application.
type release struct {
	version string
	fault   string // "": behaves; "errors": answers 500; "drop": hangs up
	rate    int    // percent of requests that meet the fault
}

// gate is what the ANALYSIS stage asks.
type gate struct {
	query string
	max   float64
	pace  pace
}

// pace is how long an analysis measures and how fast the agent looks.
type pace struct {
	duration, interval string
	sync               string // between looks at Git
	delay              string // of the metrics; empty lets the agent learn it
}

// tourPace makes a tour of half a minute. realPace is for a real cloud, whose
// metrics come once a minute and minutes late.
func tourPace() pace { return pace{duration: "10s", interval: "2s", sync: "1s", delay: "2s"} }
func realPace() pace { return pace{duration: "10m", interval: "1m", sync: "1m"} }

// errorRateGate is the share of the canary's own answers that are 5xx, in
// percent. A counter without an event has no point, so default_zero makes "no
// error" a measurement instead of an absence.
func errorRateGate(canaryGroupARN string) gate {
	group := groupTag(canaryGroupARN)
	return gate{max: 10, pace: tourPace(), query: fmt.Sprintf(
		"100 * default_zero(sum:aws.applicationelb.httpcode_target_5xx{%s}.as_count())\n/\nsum:aws.applicationelb.request_count{%s}.as_count()", group, group)}
}

// literalGate is the query of the guide: errors that the load balancer itself
// made, as a share of all requests.
func literalGate(dnsName string) gate {
	return gate{max: 0.02, pace: tourPace(), query: fmt.Sprintf(
		"sum:aws.applicationelb.httpcode_elb_5xx{env:prd,hostname:%s}.as_count()\n/\nsum:aws.applicationelb.request_count{env:prd,hostname:%s}.as_count()", dnsName, dnsName)}
}

// groupTag is a target group as Datadog's AWS integration tags it.
func groupTag(arn string) string {
	_, name, _ := strings.Cut(arn, "targetgroup/")
	return "targetgroup:targetgroup/" + name
}

// sampleFiles returns the application's directory for a release.
func sampleFiles(r release, primaryARN, canaryARN string, g gate) map[string]string {
	return map[string]string{
		"app.pipecd.yaml": appFile(primaryARN, canaryARN, g),
		"servicedef.yaml": serviceFile(),
		"taskdef.yaml":    taskFile(r),
		"README.md":       "# The sample application\n\nChange the image tag in taskdef.yaml, commit and push: the agent deploys it.\n",
	}
}

func appFile(primaryARN, canaryARN string, g gate) string {
	return fmt.Sprintf(`apiVersion: pipecd.dev/v1beta1
kind: ECSApp
spec:
  name: %s
  labels:
    env: %s
    team: %s
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
  pipeline:
    stages:
      - name: ECS_CANARY_ROLLOUT
        with:
          scale: 30
      - name: ECS_TRAFFIC_ROUTING
        with:
          canary: 20
      - name: ANALYSIS
        with:
          duration: %s
          metrics:
            - strategy: THRESHOLD
              provider: %s
              interval: %s
              expected:
                max: %v
              query: |
%s
      - name: ECS_PRIMARY_ROLLOUT
      - name: ECS_TRAFFIC_ROUTING
        with:
          primary: 100
      - name: ECS_CANARY_CLEAN
`, appName, labelEnv, labelTeam, primaryARN, canaryARN, g.pace.duration, datadogName, g.pace.interval, g.max, indent(g.query, 16))
}

func indent(text string, spaces int) string {
	pad := strings.Repeat(" ", spaces)
	return pad + strings.ReplaceAll(text, "\n", "\n"+pad)
}

func serviceFile() string {
	return fmt.Sprintf(`cluster: arn:aws:ecs:%s:%s:cluster/%s
serviceName: %s
desiredCount: 2
deploymentConfiguration:
  maximumPercent: 200
  minimumHealthyPercent: 0
schedulingStrategy: REPLICA
deploymentController:
  type: EXTERNAL
enableECSManagedTags: true
propagateTags: SERVICE
launchType: FARGATE
networkConfiguration:
  awsvpcConfiguration:
    assignPublicIp: ENABLED
    securityGroups:
      - sg-0123456789abcdef0
    subnets:
      - subnet-0123456789abcdef0
      - subnet-0123456789abcdef1
`, region, account, clusterName, serviceName)
}

func taskFile(r release) string {
	environment := ""
	if r.fault != "" {
		environment = fmt.Sprintf("    environment:\n      - name: FAULT\n        value: %s\n      - name: FAULT_RATE\n        value: \"%d\"\n", r.fault, r.rate)
	}
	return fmt.Sprintf(`family: %s
executionRoleArn: arn:aws:iam::%s:role/ecs-taskexecution-iamrole
containerDefinitions:
  - command: null
    cpu: 100
    image: example.com/pipecd/sample:%s
    memory: 100
    mountPoints: []
    name: web
    portMappings:
      - containerPort: 80
%srequiresCompatibilities:
  - FARGATE
networkMode: awsvpc
memory: 512
cpu: 256
pidMode: ""
volumes: []
`, serviceName, account, r.version, environment)
}

func controlPlaneFile() string {
	return fmt.Sprintf(`apiVersion: pipecd.dev/v1beta1
kind: ControlPlane
spec:
  datastore:
    type: SQLITE
  filestore:
    type: LOCAL
  projects:
    - id: %s
      staticAdmin:
        username: %s
        passwordHash: "%s" # bcrypt of "%s"
`, projectID, username, passwordHash, password)
}

// pipedValues is what differs between two agents' files.
type pipedValues struct {
	pipedID, keyFile, address              string
	repoID, remote                         string
	credentialsFile                        string
	datadogAddress, apiKeyFile, appKeyFile string
	pace                                   pace
}

func delayLine(p pace) string {
	if p.delay == "" {
		return ""
	}
	return "        delay: " + p.delay + "\n"
}

func pipedFile(v pipedValues) string {
	return fmt.Sprintf(`apiVersion: pipecd.dev/v1beta1
kind: Piped
spec:
  projectID: %s
  pipedID: %s
  pipedKeyFile: %s
  apiAddress: %s
%s`, projectID, v.pipedID, v.keyFile, v.address, pipedSettings(v))
}

// pipedSettings is the part of the file that says what the agent works with.
func pipedSettings(v pipedValues) string {
	return fmt.Sprintf(`  repositories:
    - repoId: %s
      remote: %s
      branch: main
  syncInterval: %s
  cloudProviders:
    - name: %s
      type: ECS
      config:
        region: %s
        credentialsFile: %s
        profile: default
  analysisProviders:
    - name: %s
      type: DATADOG
      config:
        address: %s
        apiKeyFile: %s
        applicationKeyFile: %s
%s`, v.repoID, v.remote, v.pace.sync, providerName, region, v.credentialsFile,
		datadogName, v.datadogAddress, v.apiKeyFile, v.appKeyFile, delayLine(v.pace))
}
