package gitcli_test

import (
	"testing"

	"pipecd/pkg/git"
	"pipecd/pkg/git/gitcli"
	"pipecd/pkg/git/gittest"
	"pipecd/pkg/telemetry"
	"pipecd/pkg/telemetry/telemetrytest"
)

func TestRunsOfGitAreObserved(t *testing.T) {
	t.Parallel()
	bare := gittest.NewBare(t)
	bare.Commit(t, "main", gittest.Change{Write: map[string]string{"f": "1"}})
	tel := telemetry.New(telemetry.Options{Catalog: telemetry.Agent()})
	src := open(t, gitcli.Options{Observer: tel})
	if _, err := src.Head(t.Context(), git.Repository{ID: "repo", Remote: bare.Path, Branch: "main"}); err != nil {
		t.Fatal(err)
	}
	if _, err := src.Head(t.Context(), git.Repository{ID: "gone", Remote: bare.Path + "-gone", Branch: "main"}); err == nil {
		t.Fatal("a remote that is not there has a head")
	}
	values := telemetrytest.Values(t, tel.Registry())
	for _, name := range []string{
		`piped_git_command_duration_seconds_count{command="ls-remote",outcome="ok"}`,
		`piped_git_command_duration_seconds_count{command="ls-remote",outcome="failed"}`,
	} {
		if values[name] != 1 {
			t.Errorf("%s is %v, want 1", name, values[name])
		}
	}
}
