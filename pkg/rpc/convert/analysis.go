package convert

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"pipecd/pkg/model"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
)

// AnalysisReportToPB returns the request that reports the checks. Texts are made
// valid UTF-8.
func AnalysisReportToPB(r model.AnalysisReport) *agentv1.ReportAnalysisChecksRequest {
	req := &agentv1.ReportAnalysisChecksRequest{DeploymentId: r.DeploymentID, StageId: r.StageID, RetriedCount: r.RetriedCount}
	for _, c := range r.Checks {
		req.Checks = append(req.Checks, &agentv1.AnalysisCheck{
			Metric: Text(c.Metric), Index: int32(min(c.Index, maxInt32)), //nolint:gosec // bounded here
			Strategy: c.Strategy,
			From:     timestamppb.New(c.From), To: timestamppb.New(c.To), AskedAt: timestamppb.New(c.AskedAt),
			Query: Text(c.Query), Min: c.Min, Max: c.Max,
			Series: analysisSeriesToPB(c.Series), Omitted: int64(c.Omitted),
			Verdict: c.Verdict, Failed: c.Failed, Message: Text(c.Message),
		})
	}
	return req
}

const maxInt32 = 1<<31 - 1

func analysisSeriesToPB(series []model.AnalysisSeries) []*agentv1.AnalysisSeries {
	out := make([]*agentv1.AnalysisSeries, 0, len(series))
	for _, s := range series {
		p := &agentv1.AnalysisSeries{Name: Text(s.Name), Scope: Text(s.Scope)}
		for _, point := range s.Points {
			p.Points = append(p.Points, &agentv1.AnalysisPoint{Time: timestamppb.New(point.Time), Value: point.Value})
		}
		out = append(out, p)
	}
	return out
}

// AnalysisReportFromPB is the inverse of AnalysisReportToPB.
func AnalysisReportFromPB(req *agentv1.ReportAnalysisChecksRequest) model.AnalysisReport {
	r := model.AnalysisReport{DeploymentID: req.GetDeploymentId(), StageID: req.GetStageId(), RetriedCount: req.GetRetriedCount()}
	for _, c := range req.GetChecks() {
		r.Checks = append(r.Checks, model.AnalysisCheck{
			Metric: c.GetMetric(), Index: int(c.GetIndex()), Strategy: c.GetStrategy(),
			From: stampTime(c.GetFrom()), To: stampTime(c.GetTo()), AskedAt: stampTime(c.GetAskedAt()),
			Query: c.GetQuery(), Min: c.Min, Max: c.Max,
			Series: analysisSeriesFromPB(c.GetSeries()), Omitted: int(c.GetOmitted()),
			Verdict: c.GetVerdict(), Failed: c.GetFailed(), Message: c.GetMessage(),
		})
	}
	return r
}

func analysisSeriesFromPB(series []*agentv1.AnalysisSeries) []model.AnalysisSeries {
	out := slices.Grow([]model.AnalysisSeries(nil), len(series)) // nil for none
	for _, s := range series {
		line := model.AnalysisSeries{Name: s.GetName(), Scope: s.GetScope()}
		for _, p := range s.GetPoints() {
			line.Points = append(line.Points, model.AnalysisPoint{Time: stampTime(p.GetTime()), Value: p.GetValue()})
		}
		out = append(out, line)
	}
	return out
}

func stampTime(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
