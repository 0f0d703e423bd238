package apiclient_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/model"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
)

// measured is a report with the longest texts the limits allow.
func measured() model.AnalysisReport {
	at := time.Now()
	check := model.AnalysisCheck{
		Metric: "metrics-0", From: at, To: at, AskedAt: at, Verdict: "PASS",
		Query: strings.Repeat("q", model.MaxCheckQuerySize), Message: strings.Repeat("m", model.MaxCheckMessageSize),
		Series: make([]model.AnalysisSeries, model.MaxCheckSeries),
	}
	check.Series[0].Points = make([]model.AnalysisPoint, model.MaxPointsOfOneSeries)
	for i := range check.Series[0].Points {
		check.Series[0].Points[i].Time = at
	}
	return model.AnalysisReport{DeploymentID: "d1", StageID: "s1", Checks: []model.AnalysisCheck{check}}
}

func TestReportAnalysisChecks(t *testing.T) {
	t.Parallel()
	p := &plane{connect: func(agentStream) error { return nil }}
	c := dial(t, options(p.serve(t)))
	if err := c.ReportAnalysisChecks(t.Context(), measured()); err != nil {
		t.Fatal(err)
	}
	got, ok := p.last(t, "ReportAnalysisChecks").request.(*agentv1.ReportAnalysisChecksRequest)
	if !ok || got.GetStageId() != "s1" || len(got.GetChecks()) != 1 || len(got.GetChecks()[0].GetSeries()[0].GetPoints()) != model.MaxPointsOfOneSeries {
		t.Errorf("got %v", got)
	}
	if err := c.ReportAnalysisChecks(t.Context(), model.AnalysisReport{DeploymentID: "d1", StageID: "s1"}); err != nil || p.count("ReportAnalysisChecks") != 1 {
		t.Errorf("nothing to report: %v after %d calls", err, p.count("ReportAnalysisChecks"))
	}
}

// TestNobodyKeepsChecks: a control plane without the service is no error,
// whether it says so or answers with its page, and it is not asked each time.
func TestNobodyKeepsChecks(t *testing.T) {
	t.Parallel()
	page := &plane{}
	c := dial(t, options(page.serve(t)))
	for range 3 {
		if err := c.ReportAnalysisChecks(t.Context(), measured()); err != nil {
			t.Errorf("with a page: %v", err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		p := &plane{}
		o := options("pipecd:80")
		o.Dialer = p.serveInMemory(t).dial
		c := dial(t, o)
		for range 3 {
			if err := c.ReportAnalysisChecks(t.Context(), measured()); err != nil {
				t.Errorf("unimplemented: %v", err)
			}
		}
		if got := p.count("ReportAnalysisChecks"); got != 1 {
			t.Errorf("asked %d times, want once", got)
		}
		time.Sleep(11 * time.Minute)
		if err := c.ReportAnalysisChecks(t.Context(), measured()); err != nil || p.count("ReportAnalysisChecks") != 2 {
			t.Errorf("it may have been replaced: %v after %d calls", err, p.count("ReportAnalysisChecks"))
		}
	})
}
