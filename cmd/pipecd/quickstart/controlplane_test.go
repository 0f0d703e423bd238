package quickstart

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pipecd/cmd/pipecd/stores"
	"pipecd/pkg/config"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/model"
)

// withProject is a configuration that has the guide's project with a login.
func withProject(username, hash string) string {
	return "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec:\n  projects:\n    - id: quickstart\n      staticAdmin: {username: " + username + ", passwordHash: \"" + hash + "\"}\n"
}

func TestConfigurationOfTheUser(t *testing.T) {
	t.Parallel()
	const otherHash = "$2a$10$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	for name, test := range map[string]struct {
		file   string
		stored bool // the datastore has such a project
		want   string
	}{
		"the guide's login":   {file: withProject(username, passwordHash)},
		"without the project": {file: "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec: {}\n"},
		"another user":        {file: withProject("boss", passwordHash), want: "has another login than the quickstart"},
		"another password":    {file: withProject(username, otherHash), want: "has another login than the quickstart"},
		"a project that was added": {
			file: "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec: {}\n", stored: true, want: "a project quickstart of its own",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "cp.yaml")
			if err := os.WriteFile(path, []byte(test.file), 0o600); err != nil {
				t.Fatal(err)
			}
			data, err := sqlite.Open(t.Context(), sqlite.Options{Path: sqlite.Memory})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := data.Close(); err != nil {
					t.Error(err)
				}
			}()
			if test.stored {
				if err := data.AddProject(t.Context(), &model.Project{ID: projectID}); err != nil {
					t.Fatal(err)
				}
			}
			w := &world{dir: dir, sayf: t.Logf, repoID: repoID, agentName: agentName}
			cfg, err := w.configuration(options{plane: path})
			if err != nil {
				t.Fatal(err)
			}
			if !w.shared || w.repoID == repoID || w.agentName == agentName {
				t.Errorf("the names are %s and %s: a second run would find them taken", w.repoID, w.agentName)
			}
			projects, err := w.projects(t.Context(), cfg, stores.Stores{Data: data})
			if test.want != "" {
				if !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %q", err, test.want)
				}
				return
			}
			if err != nil || len(projects) != 1 || projects[0].ID != projectID || projects[0].StaticAdmin.PasswordHash != passwordHash {
				t.Errorf("got %v, %v", projects, err)
			}
		})
	}
	w := &world{dir: t.TempDir(), sayf: t.Logf}
	_, err := w.configuration(options{plane: "/does/not/exist"})
	if _, ok := errors.AsType[config.Problems](err); !ok {
		t.Errorf("a file that is not there: %v", err)
	}
}
