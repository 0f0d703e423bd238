package script

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
)

// stepRun is the step of a stage's script: once it is recorded, the script began.
const stepRun = "script"

// Script is SCRIPT_RUN.
type Script struct {
	Disabled bool     // the agent runs no scripts
	Dir      string   // where copies are made; "" means the system's place for temporary files
	Pass     []string // names of variables of the agent's environment that scripts get beside the usual ones
}

var _ stage.Checker = Script{}

// Check refuses the stage where scripts are switched off, before the deployment
// changes anything.
func (s Script) Check(_ context.Context, c stage.Check) error {
	if _, ok := c.Options.(*config.ScriptRunOptions); ok && s.Disabled {
		return disabled()
	}
	return nil
}

func disabled() error {
	return model.Errorf(model.CodeFailedPrecondition,
		"this agent runs no scripts: spec.scriptRun.disabled is set in its piped file; remove the stage from the pipeline, or ask who runs the agent")
}

// Run runs the script to its end. A script that ended before a restart is not
// run again; one that was interrupted is.
func (s Script) Run(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
	opts, ok := run.Options.(*config.ScriptRunOptions)
	if !ok {
		return stage.Outcome{}, model.Errorf(model.CodeInternal, "stage %s was given options of type %T", run.Stage.Name, run.Options)
	}
	if s.Disabled {
		return stage.Outcome{}, disabled()
	}
	if opts.Run == "" {
		return stage.Outcome{Reason: "The script is empty, so there was nothing to run"}, nil
	}
	limit := time.Duration(opts.Timeout)
	ctx, stop := context.WithDeadlineCause(ctx, run.StartedAt.Add(limit), &stage.TimedOutError{What: "the script", After: limit})
	defer stop()
	end, err := s.once(ctx, run, stepRun, job{stage: run.Stage.ID, text: opts.Run, env: opts.Env})
	if err != nil {
		return stage.Outcome{}, err
	}
	if end.Code != 0 {
		return stage.Outcome{Failed: true, Reason: end.sentence("The script")}, nil
	}
	return stage.Outcome{Reason: "The script ended well"}, nil
}

// job is one script to run.
type job struct {
	stage    string // whose script it is
	text     string
	env      map[string]string
	rollback bool
}

// once runs the job as a durable step.
func (s Script) once(ctx context.Context, run *stage.Run, step string, j job) (ending, error) {
	return stage.Do(ctx, run.Steps, step,
		func(context.Context) (struct{}, error) { return struct{}{}, nil },
		func(ctx context.Context, _ struct{}, a platform.Attempt) (ending, error) {
			if a.Resumed {
				run.Log.Infof("The agent stopped while the script ran, so it is run again from its beginning")
			}
			return s.inCopy(ctx, run, j, a)
		})
}

// inCopy runs the job in a private copy of the application's directory.
func (s Script) inCopy(ctx context.Context, run *stage.Run, j job, a platform.Attempt) (ending, error) {
	if run.Files == nil {
		return ending{}, model.Errorf(model.CodeInternal, "the stage was given no files")
	}
	tree, done, err := run.Files(ctx)
	if err != nil {
		return ending{}, err
	}
	defer done()
	dir := filepath.Join(cmp.Or(s.Dir, os.TempDir()), "pipecd-script-"+a.Token) // the same for every try of the step
	remove, err := checkout(ctx, tree, dir, run.Log)
	defer remove()
	if err != nil {
		return ending{}, err
	}
	env, err := s.environment(run.Deployment, j, a.Resumed)
	if err != nil {
		return ending{}, err
	}
	return execute(ctx, command{dir: dir, text: j.text, env: env}, run.Log)
}
