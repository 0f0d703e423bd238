package gate

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
)

// metadataEffects holds the commands that took effect on the stage, so that one
// whose answer was lost in a crash is answered rightly afterwards.
const metadataEffects = "pipecd-commands"

// effect is a command that took effect.
type effect struct {
	Command string `json:"command"`
	By      string `json:"by"` // who gave it
}

// effectsOf reads what took effect on a stage. Metadata that cannot be read has
// no effects; the command then counts anew, and once.
func effectsOf(metadata map[string]string) []effect {
	var out []effect
	if json.Unmarshal([]byte(metadata[metadataEffects]), &out) != nil {
		return nil
	}
	return out
}

// TookEffect reports whether the command took effect on the stage with the
// metadata, whatever became of its answer.
func TookEffect(metadata map[string]string, commandID string) bool {
	return slices.ContainsFunc(effectsOf(metadata), func(e effect) bool { return e.Command == commandID })
}

// apply stores effects, all there are, with what people are shown. It tries
// again while the control plane has trouble, until ctx ends: a person who was
// heard must not have to ask twice.
func apply(ctx context.Context, run *stage.Run, effects []effect, shown map[string]string) error {
	text, err := json.Marshal(effects)
	if err != nil {
		return model.Wrap(model.CodeInternal, err, "storing what "+string(run.Stage.Name)+" was asked")
	}
	metadata := maps.Clone(shown)
	metadata[metadataEffects] = string(text)
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = time.Second, 15*time.Second
	for {
		err := run.Note(ctx, metadata)
		passing := model.CodeOf(err) == model.CodeUnavailable || model.CodeOf(err) == model.CodeInternal
		if err == nil || !passing || ctx.Err() != nil {
			return err
		}
		run.Log.Errorf("The control plane cannot store it and is asked again: %s", err)
		if sleep(ctx, pause.NextBackOff()) != nil {
			return err
		}
	}
}

// answer answers a command. What cannot be answered now comes again, to this
// process or the next, and is answered then.
func answer(ctx context.Context, run *stage.Run, commandID string, status model.CommandStatus, reason string) {
	if err := run.Commands.Answer(ctx, commandID, status, reason); err != nil && ctx.Err() == nil {
		run.Log.Errorf("A command could not be answered: %s", err)
	}
}

// answerAgain answers what took effect before a restart: the last process may
// have died before it could. Answering twice is harmless.
func answerAgain(ctx context.Context, run *stage.Run) error {
	for _, e := range effectsOf(run.Stage.Metadata) {
		answer(ctx, run, e.Command, model.CommandSucceeded, "")
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}
