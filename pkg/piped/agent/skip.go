package agent

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"pipecd/pkg/config"
	"pipecd/pkg/git"
	"pipecd/pkg/model"
	"pipecd/pkg/piped/trigger"
)

// skipOn says why a stage with the rules is skipped in the deployment, "" when it
// is not.
func (c *controller) skipOn(ctx context.Context, d *model.Deployment, on config.SkipOn) (string, error) {
	for _, prefix := range on.CommitMessagePrefixes {
		if prefix != "" && strings.HasPrefix(d.Trigger.Commit.Message, prefix) {
			return "The commit message begins with " + strconv.Quote(prefix), nil
		}
	}
	if len(on.Paths) == 0 || d.RunningCommitHash == "" {
		return "", nil
	}
	patterns, err := trigger.CompilePatterns(on.Paths)
	if err != nil {
		return "", err
	}
	changed, err := c.changed(ctx, d)
	if err != nil {
		return "", err
	}
	for _, name := range changed {
		if !patterns.Match(name) {
			return "", nil
		}
	}
	if len(changed) == 0 {
		return "", nil
	}
	return fmt.Sprintf("All %d file(s) that changed since commit %s match skipOn.paths", len(changed), short(d.RunningCommitHash)), nil
}

// changed returns the files in which the deployment's commit differs from the one
// that ran before.
func (c *controller) changed(ctx context.Context, d *model.Deployment) ([]string, error) {
	repo, ok := c.repos[d.GitPath.Repo.ID]
	if !ok {
		return nil, model.Errorf(model.CodeInvalid, "the agent is not configured with repository %q any more", d.GitPath.Repo.ID)
	}
	from, to := d.RunningCommitHash, d.Trigger.Commit.Hash
	files, err := c.git.ChangedFiles(ctx, repo, from, to)
	if errors.Is(err, git.ErrUnknownCommit) {
		if err := c.git.Fetch(ctx, repo, from, to); err != nil {
			return nil, fmt.Errorf("fetching the two commits: %w", err)
		}
		files, err = c.git.ChangedFiles(ctx, repo, from, to)
	}
	return files, err
}

func short(hash string) string {
	const length = 7
	return hash[:min(len(hash), length)]
}
