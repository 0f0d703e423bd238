package convert_test

import (
	"math"
	"testing"
	"time"

	"buf.build/go/protovalidate"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
)

func TestAnalysisReportRoundTrip(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_700_000_000, 123_456_789).UTC()
	want := model.AnalysisReport{DeploymentID: "d", StageID: "s", RetriedCount: 2, Checks: []model.AnalysisCheck{
		{
			Metric: "metrics-0", Index: 7, Strategy: "THRESHOLD", From: at, To: at.Add(time.Minute), AskedAt: at.Add(time.Hour),
			Query: "q", Min: new(0.0), Max: new(2.5), Omitted: 4, Verdict: "FAIL", Failed: true, Message: "m",
			Series: []model.AnalysisSeries{{Name: "n", Scope: "host:a", Points: []model.AnalysisPoint{
				{Time: at, Value: math.NaN()}, {Time: at, Value: math.Inf(-1)}, {Time: at, Value: 0.1},
			}}},
		},
		{Metric: "metrics-1", From: at, To: at, AskedAt: at, Verdict: "NO_DATA"},
	}}
	req := wire(t, convert.AnalysisReportToPB(want))
	if err := protovalidate.Validate(req); err != nil {
		t.Errorf("the wire refuses it: %v", err)
	}
	if diff := cmp.Diff(want, convert.AnalysisReportFromPB(req), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
