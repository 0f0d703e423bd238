package discovery

import (
	"context"
	"io/fs"
	"path"
	"strings"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
)

// Suffix is how the names of applications' configuration files end.
const Suffix = ".pipecd.yaml"

// limits of one scan. A repository is not ours, and may be anything.
type limits struct {
	entries int // files and directories looked at
	depth   int // directories below each other
	files   int // configuration files read
}

// Tree is what is read of a commit.
type Tree interface {
	fs.ReadDirFS
	fs.ReadFileFS
}

// Result is what a scan found.
type Result struct {
	Applications []*model.Application // by path; with what ApplicationInfo has of them
	Partial      bool                 // a limit was reached, and there may be more
}

// Scan finds the files that describe ECS applications. Files that have no name
// for the application, are of another kind or have errors are left out: nobody
// could add those. The error is that of reading the tree, or of ctx.
func Scan(ctx context.Context, tree Tree, repo model.GitRepository) (Result, error) {
	return scanWithin(ctx, tree, repo, limits{entries: 100_000, depth: 20, files: 1_000})
}

func scanWithin(ctx context.Context, tree Tree, repo model.GitRepository, most limits) (Result, error) {
	s := scan{tree: tree, most: most, repo: repo}
	err := s.directory(ctx, ".", 0)
	return s.result, err
}

type scan struct {
	tree    Tree
	most    limits
	repo    model.GitRepository
	entries int
	files   int
	result  Result
}

func (s *scan) directory(ctx context.Context, dir string, depth int) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	entries, err := s.tree.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		s.entries++
		if s.entries > s.most.entries {
			s.result.Partial = true
			return nil
		}
		name := path.Join(dir, e.Name())
		switch {
		case e.IsDir() && depth == s.most.depth:
			s.result.Partial = true
		case e.IsDir():
			if err := s.directory(ctx, name, depth+1); err != nil {
				return err
			}
		case e.Type().IsRegular() && strings.HasSuffix(e.Name(), Suffix):
			s.file(dir, e.Name())
		}
	}
	return nil
}

// file reads one configuration file. One that cannot be read (it is too large,
// say) describes nothing.
func (s *scan) file(dir, name string) {
	s.files++
	if s.files > s.most.files {
		s.result.Partial = true
		return
	}
	data, err := s.tree.ReadFile(path.Join(dir, name))
	if err != nil {
		return
	}
	if kind := config.PeekKind(data); kind != config.KindECSApp && kind != config.KindApplication {
		return
	}
	app, problems := config.LoadECSApp(path.Join(dir, name), data)
	if app == nil || problems.Err() != nil || model.ValidateName("the application's name", app.Name) != nil {
		return
	}
	clean, err := model.CleanGitPath(dir)
	if err != nil || len(app.Description) > model.MaxDescriptionLength {
		return
	}
	s.result.Applications = append(s.result.Applications, &model.Application{
		Name: app.Name, Kind: model.KindECS, Labels: app.Labels, Description: app.Description,
		GitPath: model.GitPath{Repo: s.repo, Path: clean, ConfigFilename: name},
	})
}
