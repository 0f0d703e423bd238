package discovery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"pipecd/pkg/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func file(name string) *fstest.MapFile {
	return &fstest.MapFile{Data: fmt.Appendf(nil, `apiVersion: pipecd.dev/v1beta1
kind: ECSApp
spec:
  name: %s
  labels: {team: shop}
  description: it sells
  input:
    serviceDefinitionFile: servicedef.yaml
    taskDefinitionFile: taskdef.yaml
    targetGroups:
      primary: {targetGroupArn: "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/a/b", containerName: web, containerPort: 80}
`, name)}
}

func TestScan(t *testing.T) {
	t.Parallel()
	repo := model.GitRepository{ID: "shop", Branch: "main"}
	got, err := Scan(t.Context(), fstest.MapFS{
		"app.pipecd.yaml":            file("root"),
		"a/app.pipecd.yaml":          file("a"),
		"b/c/canary.pipecd.yaml":     file("canary"),
		"b/c/app.pipecd.yaml":        file("c"),
		"b/app.yaml":                 file("another name"),
		"d/app.pipecd.yaml":          {Data: []byte("kind: ECSApp\nspec: {nonsense: 1}")},
		"e/app.pipecd.yaml":          {Data: []byte("kind: KubernetesApp\nspec: {name: k}")},
		"f/app.pipecd.yaml":          {Data: []byte(strings.Replace(string(file("x").Data), "  name: x\n", "", 1))},
		"g/app.pipecd.yaml":          {Data: []byte{0xff, 0x00}},
		"h/app.pipecd.yaml/inner":    file("a directory"),
		".pipe/analysis.pipecd.yaml": {Data: []byte("kind: AnalysisTemplate\nspec: {}")},
		"b/c/servicedef.yaml":        {Data: []byte("{}")},
		"deep/" + strings.Repeat("x/", 30) + "app.pipecd.yaml": file("too deep"),
	}, repo)
	if err != nil {
		t.Fatal(err)
	}
	app := func(name, dir, file string) *model.Application {
		return &model.Application{
			Name: name, Kind: model.KindECS, Labels: map[string]string{"team": "shop"}, Description: "it sells",
			GitPath: model.GitPath{Repo: repo, Path: dir, ConfigFilename: file},
		}
	}
	want := Result{Partial: true, Applications: []*model.Application{
		app("a", "./a", "app.pipecd.yaml"), app("root", "./", "app.pipecd.yaml"),
		app("c", "b/c", "app.pipecd.yaml"), app("canary", "b/c", "canary.pipecd.yaml"),
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestScanIsBounded(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{}
	for i := range 10 {
		tree[fmt.Sprintf("d%d/app.pipecd.yaml", i)] = file(fmt.Sprint("app", i))
	}
	for _, test := range []struct {
		most limits
		want int
	}{
		{limits{entries: 100, depth: 3, files: 4}, 4},
		{limits{entries: 5, depth: 3, files: 100}, 2}, // a directory and its file, twice, and one more directory
		{limits{entries: 100, depth: 0, files: 100}, 0},
	} {
		got, err := scanWithin(t.Context(), tree, model.GitRepository{ID: "shop"}, test.most)
		if err != nil || !got.Partial || len(got.Applications) != test.want {
			t.Errorf("%+v: %d found, partial %t, %v", test.most, len(got.Applications), got.Partial, err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	cancel(cause)
	if _, err := Scan(ctx, tree, model.GitRepository{}); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}
