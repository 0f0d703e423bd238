package config

import (
	stdcmp "cmp"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/model"
)

func read(t *testing.T, parts ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(append([]string{"testdata"}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestFullDocuments loads documents that have every field, and finds a value
// in every field of the structs.
func TestFullDocuments(t *testing.T) {
	t.Parallel()

	cp, cpProblems := LoadControlPlane("control-plane.yaml", read(t, "full", "control-plane.yaml"))
	piped, pipedProblems := LoadPiped("piped.yaml", read(t, "full", "piped.yaml"))
	app, appProblems := LoadECSApp("app.pipecd.yaml", read(t, "full", "app.pipecd.yaml"))
	template, templateProblems := LoadAnalysisTemplate("template.yaml", read(t, "full", "analysis-template.yaml"))
	for _, ps := range []Problems{cpProblems, pipedProblems, appProblems, templateProblems} {
		if err := ps.Err(); err != nil {
			t.Errorf("unexpected errors:\n%v", err)
		}
	}
	if t.Failed() {
		return
	}
	filled, all := map[string]bool{}, map[string]bool{}
	for _, root := range []any{cp, piped, app, template, moreOfAKind(t)} {
		visit(reflect.ValueOf(root), filled, all)
	}
	var empty []string
	for name := range all {
		if !filled[name] {
			empty = append(empty, name)
		}
	}
	slices.Sort(empty)
	// What these two held was moved to the fields that replaced them.
	want := []string{"ECSApp.TriggerPaths", "Piped.CloudProviders"}
	if diff := cmp.Diff(want, empty); diff != "" {
		t.Errorf("fields without a value (-want +got):\n%s", diff)
	}
}

// moreOfAKind returns the choices that exclude those of the full documents.
func moreOfAKind(t *testing.T) []any {
	t.Helper()
	const head = "apiVersion: pipecd.dev/v1beta1\nkind: "
	var out []any
	for _, stores := range []string{
		"{datastore: {type: SQLITE, config: {path: /var/db}}, filestore: {type: LOCAL, config: {path: /var/files}}}",
		"{filestore: {type: GCS, config: {bucket: b, credentialsFile: /etc/gcp}}}",
		"{filestore: {type: GCS, config: {bucket: b, accessKeyFile: a, secretKeyFile: s}}}",
		"{filestore: {type: MINIO, config: {endpoint: http://minio:9000, bucket: b, accessKeyFile: a, secretKeyFile: s, autoCreateBucket: true}}}",
	} {
		cp, ps := LoadControlPlane("cp.yaml", []byte(head+"ControlPlane\nspec: "+stores))
		if err := ps.Err(); err != nil {
			t.Fatal(err)
		}
		out = append(out, cp)
	}
	for _, rest := range []string{
		"git: {sshKeyFile: k}, secretManagement: {type: GCP_KMS, config: {keyName: k, decryptServiceAccountFile: d, encryptServiceAccountFile: e}}",
		"git: {sshKeyData: a2V5}, secretManagement: {type: KEY_PAIR, config: {privateKeyFile: k, publicKeyFile: p}}",
	} {
		p, ps := LoadPiped("piped.yaml", []byte(head+"Piped\nspec: {projectID: p, pipedID: i, pipedKeyFile: k, apiAddress: 'a:1', "+rest+"}"))
		if err := ps.Err(); err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// visit records which fields of our structs exist and which have a value.
func visit(v reflect.Value, filled, all map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			visit(v.Elem(), filled, all)
		}
	case reflect.Slice:
		for i := range v.Len() {
			visit(v.Index(i), filled, all)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			visit(v.MapIndex(key), filled, all)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Name() + "." + v.Type().Field(i).Name
			all[name] = true
			if !v.Field(i).IsZero() {
				filled[name] = true
			}
			visit(v.Field(i), filled, all)
		}
	default:
	}
}

// TestDormantFields checks that every row of the table is met by a full
// document, and that nothing else is said about these documents.
func TestDormantFields(t *testing.T) {
	t.Parallel()

	standalone := "apiVersion: pipecd.dev/v1beta1\nkind: ECSApp\n" +
		"spec: {planner: {autoRollback: false}, trigger: {onOutOfSync: {disabled: false}, onChain: {disabled: false}}}"
	problems := map[Kind]Problems{}
	_, problems[KindControlPlane] = LoadControlPlane("f", read(t, "full", "control-plane.yaml"))
	_, problems[KindPiped] = LoadPiped("f", read(t, "full", "piped.yaml"))
	_, problems[KindECSApp] = LoadECSApp("f", read(t, "full", "app.pipecd.yaml"))
	_, more := LoadECSApp("f", []byte(standalone))
	problems[KindECSApp] = append(problems[KindECSApp], more...)
	_, problems[KindAnalysisTemplate] = LoadAnalysisTemplate("f", read(t, "full", "analysis-template.yaml"))

	explained := map[string]bool{}
	for kind, ps := range problems {
		for _, row := range dormantFields(kind) {
			pattern, met := row.pattern(), false
			for _, p := range ps.Warnings() {
				if pattern.MatchString(p.Field) && p.Message == stdcmp.Or(row.note, row.sentence()) {
					met = true
					explained[p.String()] = true
				}
			}
			if !met {
				t.Errorf("no warning for the row %s %s %s", kind, row.path, row.value)
			}
		}
	}
	for _, ps := range problems {
		for _, p := range ps {
			if !explained[p.String()] && !strings.HasPrefix(p.Field, "spec.triggerPaths") &&
				!strings.Contains(p.Message, "standalone task") && !strings.Contains(p.Message, "nothing to compare") &&
				!strings.Contains(p.Message, "is removed while") && !strings.Contains(p.Message, "strategy") {
				t.Errorf("unexpected: %s", p)
			}
		}
	}
}

func TestFullAppValues(t *testing.T) {
	t.Parallel()

	app, ps := LoadECSApp("app.pipecd.yaml", read(t, "full", "app.pipecd.yaml"))
	if err := ps.Err(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"shared/**", "old/**"}, app.Trigger.OnCommit.Paths); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
	wantStages := []Stage{
		{ID: "stage-0", Name: model.StageECSBaselineRollout, With: &BaselineRolloutOptions{Scale: 30}},
		{ID: "sync", Name: model.StageECSSync, Desc: "Sync", Timeout: Duration(10 * time.Minute), With: &ECSSyncOptions{Recreate: true}},
		{ID: "stage-2", Name: model.StageECSCanaryRollout, With: &CanaryRolloutOptions{Scale: 30}},
		{ID: "stage-3", Name: model.StageECSTrafficRouting, With: &TrafficRouting{Primary: new(Percent(80)), Canary: new(Percent(20))}},
		{ID: "stage-4", Name: model.StageWait, With: &WaitOptions{
			Duration: Duration(5 * time.Minute),
			SkipOn:   SkipOn{CommitMessagePrefixes: []string{"[skip]"}, Paths: []string{"docs/**"}},
		}},
		{ID: "stage-5", Name: model.StageWaitApproval, With: &WaitApprovalOptions{
			Timeout: Duration(time.Hour), Approvers: []string{"ann", "bob"}, MinApproverNum: 2, SkipOn: SkipOn{Paths: []string{"docs/**"}},
		}},
	}
	if diff := cmp.Diff(wantStages, app.Pipeline.Stages[:6]); diff != "" {
		t.Errorf("stages (-want +got):\n%s", diff)
	}
	analysis, ok := app.Pipeline.Stages[6].With.(*AnalysisOptions)
	if !ok {
		t.Fatalf("stage 6 has options %T", app.Pipeline.Stages[6].With)
	}
	wantMetric := Metric{
		Strategy: StrategyThreshold, Provider: "datadog", Query: "sum:a{b}",
		Expected: Expected{Min: new(1.0), Max: new(1000.0)}, Interval: Duration(time.Minute), FailureLimit: 1,
		SkipOnNoData: true, OnNoData: NoDataSkip, Timeout: Duration(20 * time.Second), Deviation: DeviationHigh,
		Delay: Duration(3 * time.Minute), BaselineArgs: map[string]string{"job": "baseline"},
		CanaryArgs: map[string]string{"job": "canary"}, PrimaryArgs: map[string]string{"job": "primary"},
	}
	if diff := cmp.Diff(wantMetric, analysis.Metrics[0].Metric); diff != "" {
		t.Errorf("metric (-want +got):\n%s", diff)
	}
	if got := analysis.Metrics[4].Timeout.Std(); got != 30*time.Second {
		t.Errorf("a metric of a template has timeout %s, want 30s", got)
	}
}
