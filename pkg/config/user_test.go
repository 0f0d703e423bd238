package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/model"
)

// The files in testdata/user are those of a user of PipeCD 0.34, as published.

const userQuery = `sum:aws.applicationelb.httpcode_elb_5xx{env:prd,hostname:sample-lb-********.ap-northeast-1.elb.amazonaws.com}.as_count()
/
sum:aws.applicationelb.request_count{env:prd,hostname:sample-lb-********.ap-northeast-1.elb.amazonaws.com}.as_count()
`

func userApp(metric Metric, duration time.Duration) *ECSApp {
	group := func(color string) *TargetGroup {
		return &TargetGroup{
			TargetGroupARN: "arn:aws:elasticloadbalancing:ap-northeast-1:********:targetgroup/" + color + "/********",
			ContainerName:  "web", ContainerPort: 80,
		}
	}
	return &ECSApp{
		Name: "canary", Labels: map[string]string{"env": "example", "team": "xyz"},
		Planner: Planner{AutoRollback: true}, Timeout: Duration(6 * time.Hour),
		Trigger: Trigger{OnOutOfSync: OnOutOfSync{Disabled: true, MinWindow: Duration(5 * time.Minute)}, OnChain: OnChain{Disabled: true}, WhileDeploying: WhileDeployingQueue},
		Input: ECSInput{
			ServiceDefinitionFile: "servicedef.yaml", TaskDefinitionFile: "taskdef.yaml",
			TargetGroups: TargetGroups{Primary: group("blue"), Canary: group("green")},
			AutoRollback: true, AccessType: AccessELB, LaunchType: "FARGATE", RunStandaloneTask: true,
		},
		Pipeline: &Pipeline{Stages: []Stage{
			{ID: "stage-0", Name: model.StageECSCanaryRollout, With: &CanaryRolloutOptions{Scale: 30}},
			{ID: "stage-1", Name: model.StageECSTrafficRouting, With: &TrafficRouting{Canary: new(Percent(20))}},
			{ID: "stage-2", Name: model.StageAnalysis, With: &AnalysisOptions{
				Duration: Duration(duration), Metrics: []StageMetric{{Metric: metric}},
			}},
			{ID: "stage-3", Name: model.StageECSPrimaryRollout, With: &PrimaryRolloutOptions{}},
			{ID: "stage-4", Name: model.StageECSTrafficRouting, With: &TrafficRouting{Primary: new(Percent(100))}},
			{ID: "stage-5", Name: model.StageECSCanaryClean, With: &CanaryCleanOptions{}},
		}},
	}
}

func userMetric(provider string, interval time.Duration, limit float64) Metric {
	return Metric{
		Strategy: StrategyThreshold, Provider: provider, Query: userQuery, Interval: Duration(interval),
		Expected: Expected{Max: &limit}, Timeout: Duration(30 * time.Second), Deviation: DeviationEither, OnNoData: NoDataPass,
	}
}

func TestUserApps(t *testing.T) {
	t.Parallel()

	placeholders := `app.pipecd.yaml:13:25: warning: spec.input.targetGroups.primary.targetGroupArn: "arn:aws:elasticloadbalancing:ap-northeast-1:********:targetgroup/blue/********" is a placeholder; nothing can be deployed with it (write the ARN of the target group)
app.pipecd.yaml:17:25: warning: spec.input.targetGroups.canary.targetGroupArn: "arn:aws:elasticloadbalancing:ap-northeast-1:********:targetgroup/green/********" is a placeholder; nothing can be deployed with it (write the ARN of the target group)`
	for _, tc := range []struct {
		name, file, problems string
		want                 *ECSApp
	}{
		{
			"the good one", "app.pipecd.yaml", placeholders,
			userApp(userMetric("datadog-provider", time.Minute, 10), 10*time.Minute),
		},
		{
			"the failing one, with query twice", "app-failing.pipecd.yaml", placeholders + `
app.pipecd.yaml:38:15: warning: spec.pipeline.stages[2].with.metrics[0].query: the key is given twice, on line 37 and on line 38; the last value is used (delete one of them)`,
			userApp(userMetric("sample-datadog", 10*time.Minute, 0.01), 30*time.Minute),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			app, ps := LoadECSApp("app.pipecd.yaml", read(t, "user", tc.file))
			if diff := cmp.Diff(tc.problems, ps.Error()); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.want, app); diff != "" {
				t.Errorf("app (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUserPiped(t *testing.T) {
	t.Parallel()

	published := string(read(t, "user", "piped.yaml"))
	const placeholder = "<上記で得た PipedID を記す>"
	_, ps := LoadPiped("piped.yaml", []byte(published))
	if got := ps.Error(); len(ps) != 1 || !strings.HasPrefix(got, "piped.yaml:5:12: spec.pipedID: the id must not contain spaces") || !strings.Contains(got, placeholder) {
		t.Errorf("got %s, want that the id is to be filled in", got)
	}
	p, ps := LoadPiped("piped.yaml", []byte(strings.Replace(published, placeholder, "piped-1", 1)))
	if len(ps) > 0 {
		t.Errorf("unexpected problems:\n%s", ps.Error())
	}
	want := &Piped{
		ProjectID: "quickstart", PipedID: "piped-1", PipedKeyFile: "/etc/piped-secret/piped-key", APIAddress: "pipecd:8080",
		SyncInterval: Duration(time.Minute), AppConfigSyncInterval: Duration(time.Minute),
		Git: Git{
			Username: "piped", Email: "pipecd.dev@gmail.com", Host: "github.com", HostName: "github.com", SSHKeyFile: "/etc/piped-secret/ssh-key",
		},
		Repositories: []Repository{{RepoID: "<Git レポジトリ名>", Remote: "git@github.com:jedipunkz/<レポジトリ名>.git", Branch: "main"}},
		PlatformProviders: []PlatformConfig{{Name: "sample-ecs", Type: PlatformECS, ECS: &ECSPlatform{
			Region:    "ap-northeast-1",
			AWSAccess: AWSAccess{CredentialsFile: "/etc/piped-secret/credentials-key", Profile: "<AWS Profile 名>"},
		}}},
		AnalysisProviders: []AnalysisProvider{{Name: "rf-sandbox-datadog", Type: AnalysisDatadog, Datadog: &Datadog{
			Address: "datadoghq.com", APIKeyFile: "/etc/piped-secret/datadog-api-key", ApplicationKeyFile: "/etc/piped-secret/datadog-application-key",
		}}},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("piped (-want +got):\n%s", diff)
	}
	if _, ok := p.Platform("sample-ecs", PlatformECS); !ok {
		t.Error("the platform provider is not found by name and type")
	}
	if _, ok := p.AnalysisProvider("datadog-provider"); ok {
		t.Error("an analysis provider is found by a name it does not have")
	}
	if _, ok := p.Repository("<Git レポジトリ名>"); !ok {
		t.Error("the repository is not found by its id")
	}
}

func TestUserControlPlane(t *testing.T) {
	t.Parallel()

	cp, ps := LoadControlPlane("control-plane.yaml", read(t, "user", "control-plane.yaml"))
	if len(ps) > 0 {
		t.Errorf("unexpected problems:\n%s", ps.Error())
	}
	want := &ControlPlane{
		Datastore: Datastore{Type: DatastoreMySQL, MySQL: &MySQL{URL: "root:test@tcp(pipecd-mysql:3306)", Database: "quickstart"}},
		Filestore: Filestore{Type: FilestoreMinIO, MinIO: &MinIO{
			Endpoint: "http://pipecd-minio:9000", Bucket: "quickstart", AutoCreateBucket: true,
			AccessKeyFile: "/etc/pipecd-secret/minio-access-key", SecretKeyFile: "/etc/pipecd-secret/minio-secret-key",
		}},
		Cache: Cache{TTL: Duration(5 * time.Minute)},
		InsightCollector: InsightCollector{
			Application: InsightApplication{Enabled: true, Schedule: "0 * * * *"},
			Deployment:  InsightDeployment{Enabled: true, Schedule: "30 * * * *", ChunkMaxCount: 1000},
		},
		Projects: []Project{{ID: "quickstart", StaticAdmin: &StaticAdmin{
			Username: "hello-pipecd", PasswordHash: "$2a$10$ye96mUqUqTnjUqgwQJbJzel/LJibRhUnmzyypACkvrTSnQpVFZ7qK",
		}}},
	}
	if diff := cmp.Diff(want, cp); diff != "" {
		t.Errorf("control plane (-want +got):\n%s", diff)
	}
}

func TestControlPlaneDefaults(t *testing.T) {
	t.Parallel()

	for _, spec := range []string{"{}", "{datastore: {}, filestore: null}", "{datastore: {type: SQLITE, config: null}, filestore: {type: ''}}"} {
		cp, ps := LoadControlPlane("cp.yaml", []byte("apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec: "+spec))
		if len(ps) > 0 {
			t.Errorf("%s: unexpected problems:\n%s", spec, ps.Error())
			continue
		}
		if cp.Datastore.Type != DatastoreSQLite || cp.Datastore.SQLite == nil || cp.Filestore.Type != FilestoreLocal || cp.Filestore.Local == nil {
			t.Errorf("%s: got %+v and %+v", spec, cp.Datastore, cp.Filestore)
		}
	}
}

// TestJSON loads a document written as JSON.
func TestJSON(t *testing.T) {
	t.Parallel()

	app, ps := LoadECSApp("app.json", []byte(`{
	"apiVersion": "pipecd.dev/v1beta1", "kind": "ECSApp",
	"spec": {"name": "a", "timeout": 3600000000000, "input": {"serviceDefinitionFile": "s.json", "autoRollback": false}}
}`))
	if len(ps) > 0 {
		t.Fatalf("unexpected problems:\n%s", ps.Error())
	}
	if app.Timeout.Std() != time.Hour || app.Input.AutoRollback || app.Input.TaskDefinitionFile != "taskdef.json" || app.Input.IsStandaloneTask() {
		t.Errorf("got %+v", app)
	}
}

// TestApplicationKind reads the later form of an application's file.
func TestApplicationKind(t *testing.T) {
	t.Parallel()

	const head = "apiVersion: pipecd.dev/v1beta1\nkind: Application\nspec:\n"
	app, ps := LoadECSApp("a", []byte(head+`
  name: a
  input: {serviceDefinitionFile: old.yaml}
  plugins:
    ecs:
      input: {serviceDefinitionFile: new.yaml}
`))
	if len(ps) > 0 {
		t.Fatalf("unexpected problems:\n%s", ps.Error())
	}
	if app.Name != "a" || app.Input.ServiceDefinitionFile != "new.yaml" {
		t.Errorf("got %+v", app)
	}
	for _, tc := range []struct{ spec, want string }{
		{"  name: a\n", "expected spec.plugins.ecs"},
		{"  plugins: {kubernetes: {}}\n", "expected spec.plugins.ecs"},
		{"  plugins: {ecs: {}, kubernetes: {}}\n", "expected one platform, found kubernetes"},
	} {
		if _, ps := LoadECSApp("a", []byte(head+tc.spec)); ps.Err() == nil || !strings.Contains(ps.Err().Error(), tc.want) {
			t.Errorf("%s: got %v, want %s", tc.spec, ps.Err(), tc.want)
		}
	}
}
