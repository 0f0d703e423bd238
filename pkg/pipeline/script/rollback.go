package script

import (
	"context"
	"slices"
	"strings"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
)

// Rollback is ROLLBACK for pipelines with scripts: when Stage has brought back
// what ran, onRollback of every script that began is run, the last one first.
type Rollback struct {
	Stage  stage.Stage // gives the requests back to the version before
	Script Script
}

// Run rolls back, requests first. No script of it is run while requests may still
// go to the version that is taken back.
func (r Rollback) Run(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
	outcome, err := r.Stage.Run(ctx, run)
	todo := undone(run)
	if len(todo) == 0 {
		return outcome, err
	}
	if err != nil || outcome.Failed {
		run.Log.Errorf("onRollback of %s is not run, because the version before could not be brought back", stagesOf(todo))
		return outcome, err
	}
	if r.Script.Disabled {
		run.Log.Errorf("onRollback of %s is not run: this agent runs no scripts any more", stagesOf(todo))
		outcome.Reason += "; onRollback of " + stagesOf(todo) + " was not run, because scripts are switched off"
		return outcome, nil
	}
	problems, err := r.runAll(ctx, run, todo)
	if err != nil {
		return outcome, err
	}
	if len(problems) > 0 {
		outcome.Failed = true
		outcome.Reason += "; but " + strings.Join(problems, "; ")
		return outcome, nil
	}
	outcome.Reason += "; onRollback of " + stagesOf(todo) + " ended well"
	return outcome, nil
}

// runAll runs the scripts and returns what went wrong. One that fails does not
// keep the others from running; an error means this process must let go.
func (r Rollback) runAll(ctx context.Context, run *stage.Run, todo []undo) ([]string, error) {
	var problems []string
	for _, u := range todo {
		run.Log.Infof("Running onRollback of stage %s", u.job.stage)
		end, err := r.runOne(ctx, run, u)
		if err != nil && stage.Interrupted(ctx, err) != nil {
			return nil, err
		}
		switch {
		case err != nil:
			problems = append(problems, "onRollback of stage "+u.job.stage+": "+err.Error())
		case end.Code != 0:
			problems = append(problems, end.sentence("onRollback of stage "+u.job.stage))
		default:
			continue
		}
		run.Log.Errorf("%s", problems[len(problems)-1])
	}
	return problems, nil
}

func (r Rollback) runOne(ctx context.Context, run *stage.Run, u undo) (ending, error) {
	ctx, stop := context.WithTimeoutCause(ctx, u.limit, &stage.TimedOutError{What: "the script", After: u.limit})
	defer stop()
	return r.Script.once(ctx, run, "on-rollback-"+u.job.stage, u.job)
}

// undo is the onRollback of one stage.
type undo struct {
	job   job
	limit time.Duration
}

// undone returns what is to be run, in its order: for every stage whose script
// began, whatever became of it.
func undone(run *stage.Run) []undo {
	stages := slices.Clone(run.Deployment.Stages)
	slices.SortStableFunc(stages, model.InOrder)
	slices.Reverse(stages)
	var out []undo
	for _, s := range stages {
		opts, ok := run.Pipeline[s.ID].(*config.ScriptRunOptions)
		if !ok || opts.OnRollback == "" || !began(s) {
			continue
		}
		out = append(out, undo{
			job:   job{stage: s.ID, text: opts.OnRollback, env: opts.Env, rollback: true},
			limit: time.Duration(opts.Timeout),
		})
	}
	return out
}

// began reports whether the stage's script was started.
func began(s model.Stage) bool {
	steps, err := stage.OpenJournal(s.Metadata[stage.MetadataSteps], nil, nil)
	return err == nil && steps.Has(stepRun)
}

func stagesOf(todo []undo) string {
	ids := make([]string, 0, len(todo))
	for _, u := range todo {
		ids = append(ids, u.job.stage)
	}
	return "stage " + strings.Join(ids, ", ")
}
