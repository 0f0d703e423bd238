package stage

import (
	"context"
	"io/fs"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// Stage is one kind of step of a pipeline.
type Stage interface {
	// Run does the stage's work, or goes on with it after a restart. A stage that did its work and found that
	// the deployment must not go on answers with a failed Outcome; an error means it could not do its work.
	// It returns soon after ctx ends; the cause of ctx says why.
	Run(ctx context.Context, run *Run) (Outcome, error)
}

// Checker is a Stage that can find out whether it will be able to do its work, before the deployment changes
// anything.
type Checker interface {
	// Check returns what is in the way and will not go away by itself. It changes nothing and is over in seconds;
	// what it cannot find out now it leaves to Run.
	Check(ctx context.Context, c Check) error
}

// Check is what a Checker is given.
type Check struct {
	Deployment *model.Deployment // not to be changed
	Options    config.StageOptions
	Log        platform.Log
}

// Outcome is how a stage ended. The zero Outcome is success without words.
type Outcome struct {
	Failed  bool
	Skipped bool
	Reason  string // a sentence for people
}

// Registry maps the kinds of stages to what runs them. It is built once, at
// wiring time, and only read afterwards.
type Registry map[model.StageName]Stage

// Run is what a stage is given.
type Run struct {
	Deployment *model.Deployment // as it was when the stage began; not to be changed
	Stage      model.Stage       // as it was when the stage began
	Options    config.StageOptions
	Log        platform.Log
	Steps      *Journal // steps of this stage
	Shared     *Journal // steps that all stages of the deployment share
	Target     platform.Target
	Baseline   platform.Baseline // the state before the deployment's first side effect
	Commands   Commands
	StartedAt  time.Time // when the stage began for the first time

	// KeepPrevious is how long the version before is kept after the new one replaced it; 0 means not at all.
	KeepPrevious time.Duration
	// Pipeline holds the options of every stage of the deployment by its id, this one's among them.
	Pipeline map[string]config.StageOptions
	// Files opens the application's directory at the deployment's commit; done ends its use. CodeUnavailable when it
	// cannot be read now.
	Files func(ctx context.Context) (tree fs.FS, done func(), err error)

	// Note stores what people are shown about the stage, and progress that must survive a restart. It is safe for
	// concurrent use.
	Note func(ctx context.Context, metadata map[string]string) error
}

// Commands hands a stage what people asked of it.
type Commands interface {
	// Next waits for an unanswered command of one of the types for the stage. A command that Next returned is
	// returned again after a restart until Answer was called for it.
	Next(ctx context.Context, stageID string, types ...model.CommandType) (model.Command, error)
	// Answer reports the command as handled.
	Answer(ctx context.Context, commandID string, status model.CommandStatus, reason string) error
}
