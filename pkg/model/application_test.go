package model

import (
	"io/fs"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCleanGitPath(t *testing.T) {
	t.Parallel()

	for in, want := range map[string]string{
		"":                  "./",
		".":                 "./",
		"./":                "./",
		"././.":             "./",
		"a/..":              "./",
		"a":                 "./a",
		"./a":               "./a",
		"a/":                "./a",
		"ab":                "ab",
		"./ab":              "ab",
		"apps/shop":         "apps/shop",
		"./apps/./shop/":    "apps/shop",
		"apps//shop":        "apps/shop",
		"apps/../shop":      "shop",
		"apps/x/../../shop": "shop",
		"...":               "...",
		"..a/b":             "..a/b",
		"-rf":               "-rf",
		"あ/い":               "あ/い",
	} {
		got, err := CleanGitPath(in)
		if err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", in, got, err, want)
		}
		if dir := (GitPath{Path: got}).Dir(); !fs.ValidPath(dir) {
			t.Errorf("%q: directory %q cannot be opened", in, dir)
		}
	}
}

func TestCleanGitPathRefuses(t *testing.T) {
	t.Parallel()

	for _, in := range []string{
		"/", "/etc", "//etc", "/../etc", "..", "../", "../x", "a/../..", "a/../../x", "./../x", "a/b/../../../c",
		"a\x00b", "\x00", `..\..\etc`, `a\b`, `C:\x`, strings.Repeat("a", 4*MaxNameLength+1),
	} {
		got, err := CleanGitPath(in)
		if CodeOf(err) != CodeInvalid {
			t.Errorf("%.40q: got %q, %v; want it refused", in, got, err)
		}
	}
}

func FuzzCleanGitPath(f *testing.F) {
	for _, seed := range []string{"", ".", "a", "a/../b", "../a", "/a", "a//b", "\x00", `\`, "a/./b/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, err := CleanGitPath(in)
		if err != nil {
			return
		}
		if len(got) < 2 {
			t.Errorf("%q: %q is too short for the wire", in, got)
		}
		if clean := path.Clean(got); path.IsAbs(got) || clean == ".." || strings.HasPrefix(clean, "../") {
			t.Errorf("%q: %q leaves the repository", in, got)
		}
		if again, err := CleanGitPath(got); err != nil || again != got {
			t.Errorf("%q: cleaning %q again gives %q, %v", in, got, again, err)
		}
	})
}

func TestConfigPath(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ dir, name, want string }{
		{"./", "", "app.pipecd.yaml"},
		{"./a", "", "a/app.pipecd.yaml"},
		{"apps/shop", "prod.pipecd.yaml", "apps/shop/prod.pipecd.yaml"},
		{"", "x.yaml", "x.yaml"},
	} {
		if got := (GitPath{Path: tc.dir, ConfigFilename: tc.name}).ConfigPath(); got != tc.want {
			t.Errorf("%+v: got %q", tc, got)
		}
	}
}

func validApplication() *Application {
	return &Application{
		Name: "shop", PipedID: "p1", PlatformProvider: "ecs-dev", Kind: KindECS,
		GitPath: GitPath{Repo: GitRepository{ID: "main"}, Path: "apps//shop/"},
	}
}

func TestApplicationValidate(t *testing.T) {
	t.Parallel()

	app := validApplication()
	if err := app.Validate(); err != nil {
		t.Fatal(err)
	}
	if app.GitPath.Path != "apps/shop" || app.GitPath.ConfigFilename != DefaultConfigFilename {
		t.Errorf("not normalised: %+v", app.GitPath)
	}
	for name, spoil := range map[string]func(*Application){
		"no name":          func(a *Application) { a.Name = "" },
		"long name":        func(a *Application) { a.Name = strings.Repeat("n", MaxNameLength+1) },
		"control in name":  func(a *Application) { a.Name = "a\nb" },
		"delete in name":   func(a *Application) { a.Name = "a\x7f" },
		"no piped":         func(a *Application) { a.PipedID = "" },
		"no provider":      func(a *Application) { a.PlatformProvider = "" },
		"no repository":    func(a *Application) { a.GitPath.Repo.ID = "" },
		"other kind":       func(a *Application) { a.Kind = KindLambda },
		"long description": func(a *Application) { a.Description = strings.Repeat("d", MaxDescriptionLength+1) },
		"outside":          func(a *Application) { a.GitPath.Path = "../x" },
		"file in a folder": func(a *Application) { a.GitPath.ConfigFilename = "a/b" },
		"file above":       func(a *Application) { a.GitPath.ConfigFilename = ".." },
		"file is a folder": func(a *Application) { a.GitPath.ConfigFilename = "." },
		"file with NUL":    func(a *Application) { a.GitPath.ConfigFilename = "a\x00" },
		"file backslash":   func(a *Application) { a.GitPath.ConfigFilename = `a\b` },
	} {
		app := validApplication()
		spoil(app)
		if err := app.Validate(); CodeOf(err) != CodeInvalid {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestApplicationClone(t *testing.T) {
	t.Parallel()

	app := validApplication()
	app.Labels = map[string]string{"env": "dev"}
	app.LastTriggered = &DeploymentRef{DeploymentID: "d1", Versions: []ArtifactVersion{{Version: "v1"}}}
	app.LastSuccessful = &DeploymentRef{DeploymentID: "d0"}
	clone := app.Clone()
	if diff := cmp.Diff(app, clone); diff != "" {
		t.Fatal(diff)
	}
	clone.Labels["env"] = "prod"
	clone.LastTriggered.Versions[0].Version = "v2"
	clone.LastSuccessful.DeploymentID = "other"
	if app.Labels["env"] != "dev" || app.LastTriggered.Versions[0].Version != "v1" || app.LastSuccessful.DeploymentID != "d0" {
		t.Errorf("the clone shares memory: %+v", app)
	}
}

func TestDisplayStatus(t *testing.T) {
	t.Parallel()

	app := &Application{SyncState: SyncState{Status: SyncInvalidConfig}}
	if got := app.DisplayStatus(); got != SyncInvalidConfig {
		t.Errorf("got %s", got)
	}
	app.Deploying = true
	if got := app.DisplayStatus(); got != SyncDeploying {
		t.Errorf("got %s while deploying", got)
	}
}

func TestPiped(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p := &Piped{}
	if p.Online(now) {
		t.Error("an agent that never reported is online")
	}
	repos := []GitRepository{{ID: "main", Remote: "r", Branch: "b"}}
	p.ReportMeta(PipedMeta{Version: "v1", Config: "c", Repositories: repos}, now)
	repos[0].ID = "changed"
	if _, ok := p.Repository("main"); !ok {
		t.Error("the repository is not found")
	}
	if _, ok := p.Repository("changed"); ok {
		t.Error("the report shares memory")
	}
	if !p.Online(now.Add(PipedOnlineWindow)) || p.Online(now.Add(PipedOnlineWindow+1)) {
		t.Error("the online window is wrong")
	}
}
