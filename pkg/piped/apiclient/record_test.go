package apiclient_test

import (
	"strings"
	"testing"

	"pipecd/pkg/model"
	"pipecd/pkg/piped/apiclient"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
)

func history() []apiclient.Report {
	return []apiclient.Report{
		apiclient.DeployingReport("app", true),
		apiclient.MetadataReport("d1", map[string]string{"k": "v"}),
		apiclient.StatusReport("d1", model.DeploymentRunning, "It runs"),
		apiclient.StageReport("d1", model.StageReport{StageID: "s1", Status: model.StageRunning}),
		apiclient.StageMetadataReport("d1", "s1", map[string]string{"k": "v"}),
		apiclient.MostRecentReport("app", model.DeploymentSuccess, model.DeploymentRef{DeploymentID: "d1", Trigger: model.DeploymentTrigger{Commit: model.Commit{Hash: "c", Branch: "main"}}}),
		apiclient.SyncStateReport("app", model.SyncState{Status: model.SyncSynced, HeadDeploymentID: "d1"}),
		apiclient.CompletedReport("d1", model.Completion{Status: model.DeploymentSuccess}),
	}
}

// calls are the calls that make the same reports one by one.
var calls = []string{
	"ReportApplicationDeployingStatus", "SaveDeploymentMetadata", "ReportDeploymentStatusChanged", "ReportStageStatusChanged",
	"SaveStageMetadata", "ReportApplicationMostRecentDeployment", "ReportApplicationSyncState", "ReportDeploymentCompleted",
}

func TestRecordTogether(t *testing.T) {
	t.Parallel()
	p := &plane{connect: func(agentStream) error { return nil }}
	p.answer = func(method string, call int) error {
		if method == "Record" && call == 1 {
			return model.Errorf(model.CodeUnavailable, "not now")
		}
		return nil
	}
	c := dial(t, options(p.serve(t)))
	if err := c.Record(t.Context(), "d1", history()); err != nil {
		t.Fatal(err)
	}
	if len(p.calls) != 2 {
		t.Fatalf("%d calls, want one and its repeat", len(p.calls))
	}
	first, _ := p.calls[0].request.(*agentv1.RecordRequest)
	again, _ := p.calls[1].request.(*agentv1.RecordRequest)
	if len(again.GetReports()) != len(calls) || again.GetDeploymentId() != "d1" {
		t.Errorf("recorded %v", again)
	}
	if first.GetId() == "" || first.GetId() != again.GetId() {
		t.Errorf("ids %q and %q: a repeat must look like one", first.GetId(), again.GetId())
	}
}

// TestRecordOneByOne: a control plane that does not know the call gets those it
// knows, in the same order, and is not asked each time.
func TestRecordOneByOne(t *testing.T) {
	t.Parallel()
	p := &plane{}
	o := options("pipecd:80")
	o.Dialer = p.serveInMemory(t).dial
	c := dial(t, o)
	for range 2 {
		p.calls = nil
		if err := c.Record(t.Context(), "d1", history()); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range p.calls {
			if c.method != "Record" {
				got = append(got, c.method)
			}
		}
		if strings.Join(got, " ") != strings.Join(calls, " ") {
			t.Errorf("calls:\n got %v\nwant %v", got, calls)
		}
	}
	if got := p.count("Record"); got != 1 {
		t.Errorf("asked %d times, want once", got)
	}
}

func TestRecordStopsAtWhatIsRefused(t *testing.T) {
	t.Parallel()
	p := &plane{}
	p.answer = func(method string, _ int) error {
		if method == "ReportStageStatusChanged" {
			return model.Errorf(model.CodeFailedPrecondition, "no")
		}
		return nil
	}
	o := options("pipecd:80")
	o.Dialer = p.serveInMemory(t).dial
	err := dial(t, o).Record(t.Context(), "d1", history())
	if model.CodeOf(err) != model.CodeFailedPrecondition || p.count("ReportDeploymentCompleted") != 0 {
		t.Errorf("Record = %v with %d completions", err, p.count("ReportDeploymentCompleted"))
	}
}
