package trigger

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pipecd/pkg/config"
	"pipecd/pkg/git"
	"pipecd/pkg/model"
	"pipecd/pkg/piped/appsource"
)

// wanted returns the applications that the head asks to deploy, and why not for
// those whose files cannot be used.
func (r *Repository) wanted(ctx context.Context, tree git.Snapshot) ([]string, error) {
	head := tree.Commit().Hash
	changes := changeCache{repo: r, head: head, byBase: map[string][]string{}}
	want := map[string]bool{}
	if r.processed != "" && r.processed != head {
		changed, err := changes.since(ctx, r.processed)
		switch {
		case errors.Is(err, git.ErrUnknownCommit):
			// Pushed away and gone: each is compared from its own last triggered commit.
			for id := range r.apps {
				r.unseen[id] = true
			}
		case err != nil:
			return nil, err
		}
		r.concern(changed, want)
	}
	for id := range r.unseen {
		want[id] = true
	}
	var out []string
	for id := range want {
		ok, err := r.judge(ctx, tree, id, &changes)
		if err != nil {
			return nil, err
		}
		switch {
		case ok && r.apps[id].Deploying && r.index.ruleset[id].during == config.WhileDeployingIgnore:
			r.unseen[id] = true // asked again until the deployment is over
		case ok:
			out = append(out, id)
		}
	}
	return out, nil
}

// concern adds the applications to want that the changed paths concern. One whose
// rules may have changed is read again before it is asked.
func (r *Repository) concern(changed []string, want map[string]bool) {
	for _, id := range r.index.concerned(changed) {
		want[id] = true
	}
	for id := range r.invalid {
		want[id] = true
	}
	for id, app := range r.apps {
		if _, found := slices.BinarySearch(changed, app.GitPath.ConfigPath()); found {
			want[id] = true
		}
	}
}

// judge reads the application's files at the head and decides whether its
// changes since the last triggered commit ask for a deployment.
func (r *Repository) judge(ctx context.Context, tree git.Snapshot, id string, changes *changeCache) (bool, error) {
	app := r.apps[id]
	_, rule, err := r.load(tree, app)
	if err != nil {
		if model.IsRetryable(err) || ctx.Err() != nil {
			return false, err
		}
		r.invalid[id] = true
		delete(r.unseen, id)
		r.create.reportInvalid(ctx, app, changes.head, err)
		return false, nil
	}
	delete(r.invalid, id)
	r.create.reportValid(ctx, app)
	r.index.put(id, app.GitPath.Dir(), rule)
	if rule.disabled {
		delete(r.unseen, id)
		return false, nil
	}
	if app.LastTriggered == nil {
		return true, nil
	}
	base := app.LastTriggered.Trigger.Considered()
	if base == changes.head {
		delete(r.unseen, id)
		return false, nil
	}
	changed, err := changes.since(ctx, base)
	if errors.Is(err, git.ErrUnknownCommit) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	for _, name := range changed {
		if r.index.asks(id, name) {
			return true, nil
		}
	}
	delete(r.unseen, id)
	return false, nil
}

// load reads the application's files and the rules in them.
func (r *Repository) load(tree git.Snapshot, app *model.Application) (*appsource.Source, rules, error) {
	var rule rules
	src, err := appsource.Load(tree, app, r.opts.Providers, func(cfg *config.ECSApp, report *config.Report) {
		rule = rulesOf(cfg, report)
	})
	return src, rule, err
}

// CheckPatterns is the appsource.Check that every look at Git makes: patterns
// that mean nothing are problems of the file.
func CheckPatterns(cfg *config.ECSApp, report *config.Report) { rulesOf(cfg, report) }

func rulesOf(cfg *config.ECSApp, report *config.Report) rules {
	on := cfg.Trigger.OnCommit
	checkSkips(cfg, report)
	return rules{
		disabled: on.Disabled,
		paths:    compile(on.Paths, "spec.trigger.onCommit.paths", report),
		ignores:  compile(on.Ignores, "spec.trigger.onCommit.ignores", report),
		during:   cfg.Trigger.WhileDeploying,
	}
}

// checkSkips reports malformed patterns of the stages that some commits skip.
func checkSkips(cfg *config.ECSApp, report *config.Report) {
	if cfg.Pipeline == nil {
		return
	}
	for i, s := range cfg.Pipeline.Stages {
		if opts, ok := s.With.(config.Skippable); ok {
			compile(opts.Skip().Paths, fmt.Sprintf("spec.pipeline.stages[%d].with.skipOn.paths", i), report)
		}
	}
}

// compile compiles the patterns of a field and reports each malformed one.
func compile(patterns []string, field string, report *config.Report) Patterns {
	out, err := CompilePatterns(patterns)
	if err == nil {
		return out
	}
	for i, p := range patterns {
		if _, err := CompilePatterns([]string{p}); err != nil {
			report.Errorf(fmt.Sprintf("%s[%d]", field, i), "%s", err)
		}
	}
	return Patterns{}
}

// changeCache computes the changed paths once per base.
type changeCache struct {
	repo   *Repository
	head   string
	byBase map[string][]string
}

func (c *changeCache) since(ctx context.Context, base string) ([]string, error) {
	if changed, ok := c.byBase[base]; ok {
		return changed, nil
	}
	changed, err := c.repo.opts.Source.ChangedFiles(ctx, c.repo.opts.Repository, base, c.head)
	if err != nil {
		return nil, err
	}
	c.byBase[base] = changed
	return changed, nil
}
