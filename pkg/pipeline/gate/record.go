package gate

import (
	"context"
	"encoding/json"
	"time"

	"pipecd/pkg/analysis"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
	"pipecd/pkg/pipeline/stage"
)

// Metadata keys of an analysis.
const (
	// metadataAnalysis holds the progress of every metric, by its id.
	metadataAnalysis = "pipecd-analysis"
	// metadataSkippedBy is who skipped the stage; the name is PipeCD's.
	metadataSkippedBy = "SkippedBy"
	// metadataElapsed is shown by people's tools; the name is PipeCD's.
	metadataElapsed = "elapsedTime"
)

// record keeps the progress of all metrics with the stage, and reports what
// they saw.
type record struct {
	run *stage.Run
	to  observe.Observer // is told the verdicts

	// writing has room for the one metric that stores its progress: the document has all metrics, and an older one
	// must not overwrite a newer one. It is no mutex because a write takes as long as the control plane is away.
	writing  chan struct{}
	progress map[string]analysis.Progress // belongs to who is in writing
	samples  *samples                     // belongs to who is in writing
}

func newRecord(run *stage.Run, metrics []analysis.Metric, s *samples) (*record, error) {
	r := &record{run: run, writing: make(chan struct{}, 1), progress: map[string]analysis.Progress{}, samples: s}
	stored := map[string]json.RawMessage{}
	if text := run.Stage.Metadata[metadataAnalysis]; text != "" {
		if err := json.Unmarshal([]byte(text), &stored); err != nil {
			return nil, model.Wrap(model.CodeInternal, err, "reading the stored progress of the analysis")
		}
	}
	for _, m := range metrics {
		data, ok := stored[m.ID]
		if !ok {
			r.progress[m.ID] = analysis.NewProgress(run.StartedAt)
			continue
		}
		p, err := analysis.DecodeProgress(data)
		if err != nil {
			return nil, err
		}
		r.progress[m.ID] = p
		run.Log.Infof("%s goes on where it was: %s", m.ID, p.Summary())
	}
	return r, nil
}

// store keeps the new progress before it is told, so that a restart never
// forgets a check that people saw. The check itself is reported before that: if
// the agent dies between, the window is looked at again and the report repeated.
func (r *record) store(ctx context.Context, id string, report analysis.Report) error {
	select {
	case r.writing <- struct{}{}:
		defer func() { <-r.writing }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if report.Check != nil {
		r.samples.send(ctx, sampleOf(*report.Check))
	}
	r.progress[id] = report.Progress
	data, err := json.Marshal(r.progress)
	if err != nil {
		return model.Wrap(model.CodeInternal, err, "storing the progress of the analysis")
	}
	var judged time.Duration
	for _, p := range r.progress {
		judged = max(judged, p.Judged)
	}
	if err := r.run.Note(ctx, map[string]string{metadataAnalysis: string(data), metadataElapsed: judged.String()}); err != nil {
		return err
	}
	r.tell(id, report)
	if report.Check != nil {
		r.to.Count(ctx, observe.Checks, 1, string(report.Check.Verdict))
	}
	return nil
}

func (r *record) tell(id string, report analysis.Report) {
	c := report.Check
	switch {
	case c == nil:
		r.run.Log.Infof("%s: %s", id, report.Message)
	case c.Failed || c.Verdict == analysis.VerdictError:
		r.run.Log.Errorf("%s, %s: %s: %s", id, c.Window, c.Verdict, report.Message)
	case c.Verdict == analysis.VerdictPass:
		r.run.Log.Successf("%s, %s: %s: %s", id, c.Window, c.Verdict, report.Message)
	default:
		r.run.Log.Infof("%s, %s: %s: %s", id, c.Window, c.Verdict, report.Message)
	}
}

// awaitSkip waits until a person skips the stage. The skip counts as soon as it
// is stored.
func (r *record) awaitSkip(ctx context.Context) (by string, ok bool) {
	cmd, err := r.run.Commands.Next(ctx, r.run.Stage.ID, model.CommandSkipStage)
	if err != nil {
		return "", false
	}
	err = apply(ctx, r.run, []effect{{Command: cmd.ID, By: cmd.Commander}}, map[string]string{metadataSkippedBy: cmd.Commander})
	if err != nil {
		if ctx.Err() == nil && model.CodeOf(err) != model.CodeFenced {
			answer(ctx, r.run, cmd.ID, model.CommandFailed, "the skip could not be stored: "+err.Error())
		}
		return "", false
	}
	answer(ctx, r.run, cmd.ID, model.CommandSucceeded, "")
	return cmd.Commander, true
}
