package agent

import (
	"context"
	"errors"
	"slices"
	"testing"

	"pipecd/pkg/config"
	"pipecd/pkg/git"
	"pipecd/pkg/model"
)

// differing is a Git source that knows of two commits after it was fetched.
type differing struct {
	git.Source

	files   []string
	fetched []string
	lost    bool
}

func (g *differing) Fetch(_ context.Context, _ git.Repository, commits ...string) error {
	g.fetched = append(g.fetched, commits...)
	if g.lost {
		return git.ErrUnknownCommit
	}
	return nil
}

func (g *differing) ChangedFiles(_ context.Context, _ git.Repository, from, to string) ([]string, error) {
	if !slices.Contains(g.fetched, from) || !slices.Contains(g.fetched, to) {
		return nil, git.ErrUnknownCommit
	}
	return g.files, nil
}

func TestSkipOn(t *testing.T) {
	t.Parallel()
	docs := config.SkipOn{Paths: []string{"docs/**", "*.md"}}
	for name, tt := range map[string]struct {
		on      config.SkipOn
		running string
		files   []string
		want    string
	}{
		"prefix":                     {config.SkipOn{CommitMessagePrefixes: []string{"", "[hotfix]"}}, "", nil, `The commit message begins with "[hotfix]"`},
		"other prefix":               {config.SkipOn{CommitMessagePrefixes: []string{"hotfix"}}, "running0", nil, ""},
		"prefix before paths":        {config.SkipOn{CommitMessagePrefixes: []string{"[hot"}, Paths: []string{"x"}}, "running0", []string{"y"}, `The commit message begins with "[hot"`},
		"all paths":                  {docs, "running0", []string{"docs/a/b", "README.md"}, "All 2 file(s) that changed since commit running match skipOn.paths"},
		"not all paths":              {docs, "running0", []string{"docs/a/b", "main.go"}, ""},
		"no previous success":        {docs, "", []string{"docs/a"}, ""},
		"nothing changed":            {docs, "running0", nil, ""},
		"a first one and its prefix": {config.SkipOn{CommitMessagePrefixes: []string{"[hot"}, Paths: []string{"x"}}, "", nil, `The commit message begins with "[hot"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &controller{git: &differing{files: tt.files}, repos: map[string]git.Repository{"shop": {}}}
			got, err := c.skipOn(t.Context(), skipping(tt.running), tt.on)
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func skipping(running string) *model.Deployment {
	return &model.Deployment{
		RunningCommitHash: running, GitPath: model.GitPath{Repo: model.GitRepository{ID: "shop"}},
		Trigger: model.DeploymentTrigger{Commit: model.Commit{Hash: "target", Message: "[hotfix] again"}},
	}
}

func TestSkipOnCannotBeFoundOut(t *testing.T) {
	t.Parallel()
	lost := &controller{git: &differing{lost: true}, repos: map[string]git.Repository{"shop": {}}}
	if why, err := lost.skipOn(t.Context(), skipping("gone"), config.SkipOn{Paths: []string{"x"}}); !errors.Is(err, git.ErrUnknownCommit) || why != "" {
		t.Errorf("got %q, %v", why, err)
	}
	elsewhere := &controller{git: &differing{}}
	if why, err := elsewhere.skipOn(t.Context(), skipping("gone"), config.SkipOn{Paths: []string{"x"}}); model.CodeOf(err) != model.CodeInvalid || why != "" {
		t.Errorf("got %q, %v", why, err)
	}
}
