package server_test

import (
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/stagechecks"
	"pipecd/pkg/controlplane/stagelog"
	"pipecd/pkg/filestore/local"
	"pipecd/pkg/model"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
)

func TestReportAnalysisChecks(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a, other := w.agent("dev", "a"), w.agent("dev", "b")
	id := w.deployment("dev", a, w.application("dev", a, "web"), model.StageAnalysis)
	at := timestamppb.New(time.Unix(someTime, 0))
	req := func(change func(r *agentv1.ReportAnalysisChecksRequest)) *agentv1.ReportAnalysisChecksRequest {
		r := &agentv1.ReportAnalysisChecksRequest{DeploymentId: id, StageId: string(model.StageAnalysis), Checks: []*agentv1.AnalysisCheck{
			{Metric: "metrics-0", Index: 3, From: at, To: at, AskedAt: at, Verdict: "PASS", Query: "q"},
		}}
		change(r)
		return r
	}
	asIs := func(*agentv1.ReportAnalysisChecksRequest) {}
	report := func(a *agent, r *agentv1.ReportAnalysisChecksRequest) error {
		_, err := a.stream.ReportAnalysisChecks(a.ctx, r)
		return err
	}
	wantCode(t, report(a, req(asIs)), codes.OK)
	wantCode(t, report(a, req(asIs)), codes.OK) // after a lost answer
	wantCode(t, report(other, req(asIs)), codes.PermissionDenied)
	wantCode(t, report(a, req(func(r *agentv1.ReportAnalysisChecksRequest) { r.StageId = "none" })), codes.InvalidArgument)
	wantCode(t, report(a, req(func(r *agentv1.ReportAnalysisChecksRequest) { r.DeploymentId = "none" })), codes.NotFound)
	wantCode(t, report(a, req(func(r *agentv1.ReportAnalysisChecksRequest) { r.Checks = nil })), codes.InvalidArgument)
	wantCode(t, report(a, req(func(r *agentv1.ReportAnalysisChecksRequest) { r.Checks[0].Index = -1 })), codes.InvalidArgument)
	if _, _, err := w.store.AcquireLease(t.Context(), a.id, lease("successor")); err != nil {
		t.Fatal(err)
	}
	_, err := a.stream.ReportAnalysisChecks(a.under(99), req(asIs))
	wantCode(t, err, codes.Aborted)

	files, err := local.Open(filepath.Join(w.dir, "files"))
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close() // it was only read
	page, err := stagechecks.New(files, new(notify.Hub)).Read(t.Context(), stagelog.Key{DeploymentID: id, StageID: string(model.StageAnalysis)}, "")
	if err != nil || len(page.Checks) != 1 || page.Checks[0].Query != "q" || page.Checks[0].Index != 3 {
		t.Errorf("stored is %+v, %v", page, err)
	}
}
