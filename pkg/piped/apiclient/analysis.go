package apiclient

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
)

// ignoranceLasts is how long a control plane that does not know a call is not
// asked again; it may be replaced by a newer release meanwhile.
const ignoranceLasts = 10 * time.Minute

// ignorance remembers that the control plane does not know a call. The zero
// value remembers nothing; it is safe for concurrent use.
type ignorance struct {
	since atomic.Int64 // unix nanoseconds, 0 for never
}

func (i *ignorance) lasts() bool {
	since := i.since.Load()
	return since != 0 && time.Since(time.Unix(0, since)) < ignoranceLasts
}

func (i *ignorance) learn() { i.since.Store(time.Now().UnixNano()) }

// ReportAnalysisChecks keeps what a stage measured, to be drawn. A check with
// the metric and index of an earlier one replaces it. A control plane that keeps
// no checks, as PipeCD's, is no error: nothing happens then. CodeExhausted when
// the stage has stored as much as is kept.
func (c *Client) ReportAnalysisChecks(ctx context.Context, r model.AnalysisReport) error {
	if len(r.Checks) == 0 || c.noChecks.lasts() {
		return nil
	}
	o := c.acting("reporting what stage " + r.StageID + " of deployment " + r.DeploymentID + " measured").bulk()
	_, err := call(ctx, o, c.agent.ReportAnalysisChecks, convert.AnalysisReportToPB(r))
	if model.CodeOf(err) == model.CodeUnimplemented {
		c.noChecks.learn()
		c.options.Logger.DebugContext(ctx, "the control plane keeps no checks of analyses", slog.Any("error", err))
		return nil
	}
	return err
}
