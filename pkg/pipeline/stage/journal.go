package stage

import (
	"context"
	"encoding/json"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// journalVersion is written into every journal. A newer one is refused rather
// than misread.
const journalVersion = 1

// MaxJournalSize is the most bytes one journal may have.
const MaxJournalSize = 256 << 10

// record is one step: what was intended and, when it is done, what came of it.
type record struct {
	Intent  json.RawMessage `json:"intent"`
	Outcome json.RawMessage `json:"outcome,omitempty"`
}

type journalDocument struct {
	Version int               `json:"version"`
	Steps   map[string]record `json:"steps"`
}

// Save stores the document of a journal, and what was to be stored before it.
// When sure is set an effect is made next: Save returns only when all of it is
// stored. Without, it may be stored a moment later: until then a crash leaves a
// step that was finished as one that was only intended, which is tried again.
type Save func(ctx context.Context, document string, sure bool) error

// Journal is the durable record of steps. It belongs to the one goroutine that
// runs the deployment's stages.
type Journal struct {
	token func(step string) string
	save  Save
	steps map[string]record
}

// OpenJournal reads a journal from the document that save stored last, "" for
// none. token derives a step's idempotency token.
func OpenJournal(document string, token func(step string) string, save Save) (*Journal, error) {
	j := &Journal{token: token, save: save, steps: map[string]record{}}
	if document == "" {
		return j, nil
	}
	var doc journalDocument
	if err := json.Unmarshal([]byte(document), &doc); err != nil {
		return nil, model.Wrap(model.CodeInternal, err, "reading the recorded steps")
	}
	if doc.Version != journalVersion {
		return nil, model.Errorf(model.CodeFailedPrecondition,
			"the recorded steps have version %d and this agent knows %d: go on with the agent version that began the deployment", doc.Version, journalVersion)
	}
	if doc.Steps != nil {
		j.steps = doc.Steps
	}
	return j, nil
}

// Has reports whether the step was intended, finished or not.
func (j *Journal) Has(step string) bool {
	_, ok := j.steps[step]
	return ok
}

// Outcome decodes a finished step's outcome into out and reports whether the
// step is finished.
func (j *Journal) Outcome(step string, out any) (bool, error) {
	r, ok := j.steps[step]
	if !ok || r.Outcome == nil {
		return false, nil
	}
	return true, model.Wrap(model.CodeInternal, json.Unmarshal(r.Outcome, out), "reading the outcome of step "+step)
}

// put records r in memory and durably, surely at once if it is unfinished. The
// save comes with the lease epoch, so a superseded process fails here, before
// its effect.
func (j *Journal) put(ctx context.Context, step string, r record) error {
	before, had := j.steps[step]
	j.steps[step] = r
	document, err := json.Marshal(journalDocument{Version: journalVersion, Steps: j.steps})
	switch {
	case err != nil:
		err = model.Wrap(model.CodeInternal, err, "recording step "+step)
	case len(document) > MaxJournalSize:
		err = model.Errorf(model.CodeExhausted, "the record of the steps would be %d bytes; at most %d are kept", len(document), MaxJournalSize)
	default:
		err = j.save(ctx, string(document), r.Outcome == nil)
	}
	if err == nil {
		return nil
	}
	delete(j.steps, step)
	if had {
		j.steps[step] = before
	}
	return err
}

// Do makes a side effect at most once. plan decides what to do; its answer is
// recorded before act is called with it. When the step was finished before, the
// recorded outcome is returned and nothing is called; when it was only
// intended, act is called with the recorded intent and Attempt.Resumed set.
func Do[I, O any](ctx context.Context, j *Journal, step string, plan func(context.Context) (I, error), act func(context.Context, I, platform.Attempt) (O, error)) (O, error) {
	var (
		intent  I
		outcome O
	)
	if done, err := j.Outcome(step, &outcome); done || err != nil {
		return outcome, err
	}
	attempt := platform.Attempt{Token: j.token(step), Resumed: j.Has(step)}
	rec, err := j.intend(ctx, step, attempt.Resumed, func() (any, error) { return plan(ctx) })
	if err != nil {
		return outcome, err
	}
	// The effect gets what was recorded, not what was planned: so the first try and every later one send the same.
	if err := json.Unmarshal(rec.Intent, &intent); err != nil {
		return outcome, model.Wrap(model.CodeInternal, err, "reading the intent of step "+step)
	}
	outcome, err = act(ctx, intent, attempt)
	if err != nil {
		return outcome, err
	}
	if rec.Outcome, err = json.Marshal(outcome); err != nil {
		return outcome, model.Wrap(model.CodeInternal, err, "recording the outcome of step "+step)
	}
	return outcome, j.put(ctx, step, rec)
}

func (j *Journal) intend(ctx context.Context, step string, resumed bool, plan func() (any, error)) (record, error) {
	if resumed {
		return j.steps[step], nil
	}
	intent, err := plan()
	if err != nil {
		return record{}, err
	}
	body, err := json.Marshal(intent)
	if err != nil {
		return record{}, model.Wrap(model.CodeInternal, err, "recording the intent of step "+step)
	}
	rec := record{Intent: body}
	return rec, j.put(ctx, step, rec)
}

// Effect is Do for an effect that repeats safely and has no outcome to keep.
func Effect(ctx context.Context, j *Journal, step string, act func(context.Context) error) error {
	_, err := Do(ctx, j, step,
		func(context.Context) (struct{}, error) { return struct{}{}, nil },
		func(ctx context.Context, _ struct{}, _ platform.Attempt) (struct{}, error) {
			return struct{}{}, act(ctx)
		})
	return err
}

// Once makes a reading that stays the same for the rest of the deployment, such
// as the state before it. It is recorded in one write, so there is no moment at
// which it is begun and not finished.
func Once[T any](ctx context.Context, j *Journal, step string, read func(context.Context) (T, error)) (T, error) {
	var value T
	if done, err := j.Outcome(step, &value); done || err != nil {
		return value, err
	}
	value, err := read(ctx)
	if err != nil {
		return value, err
	}
	body, err := json.Marshal(value)
	if err != nil {
		return value, model.Wrap(model.CodeInternal, err, "recording step "+step)
	}
	return value, j.put(ctx, step, record{Intent: json.RawMessage("null"), Outcome: body})
}

// MetadataSteps is the metadata key under which a journal is kept, in a stage's
// metadata for its own steps and in the deployment's for the shared ones.
const MetadataSteps = model.MetadataSteps

// StepPreflight is the shared step that records the state before the
// deployment's first side effect.
const StepPreflight = "preflight"
