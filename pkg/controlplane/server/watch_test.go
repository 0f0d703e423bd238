package server_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
	"pipecd/pkg/rpc/gen/pipecd/web/v1/webv1connect"
)

func TestWebListDeployments(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	app := w.application("dev", a, "web")
	var newestFirst []string
	for range 3 {
		newestFirst = append([]string{w.deployment("dev", a, app, model.StageWait)}, newestFirst...)
	}
	w.complete(a, newestFirst[2])
	c := w.user("dev")
	var got []string
	req := &webv1.ListDeploymentsRequest{PageSize: 1, Statuses: []modelpb.DeploymentStatus{modelpb.DeploymentStatus_DEPLOYMENT_PLANNED}}
	for {
		resp, err := c.ListDeployments(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range resp.GetDeployments() {
			got = append(got, d.GetId())
		}
		if req.Cursor = resp.GetCursor(); req.GetCursor() == "" {
			break
		}
	}
	if strings.Join(got, " ") != strings.Join(newestFirst[:2], " ") {
		t.Errorf("got %v, want %v", got, newestFirst[:2])
	}
	_, err := c.ListDeployments(t.Context(), &webv1.ListDeploymentsRequest{Cursor: "nonsense"})
	wantWebCode(t, err, connect.CodeInvalidArgument)
	_, err = c.ListDeployments(t.Context(), &webv1.ListDeploymentsRequest{PageSize: 501})
	wantWebCode(t, err, connect.CodeInvalidArgument)
}

func TestWebWatchDeployment(t *testing.T) {
	t.Parallel()
	w := shared(t)
	a := w.agent("dev", "a")
	id := w.deployment("dev", a, w.application("dev", a, "web"), model.StageWait)
	stream, err := w.user("dev").WatchDeployment(t.Context(), &webv1.WatchDeploymentRequest{DeploymentId: id})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	receive := func() *modelpb.Deployment {
		m, err := stream.Receive()
		if err != nil {
			t.Fatal(err)
		}
		return m.GetDeployment()
	}
	if got := receive().GetStatus(); got != modelpb.DeploymentStatus_DEPLOYMENT_PLANNED {
		t.Errorf("got %s", got)
	}
	_, err = a.ReportStageStatusChanged(a.ctx, &pipedservice.ReportStageStatusChangedRequest{
		DeploymentId: id, StageId: "WAIT", Status: modelpb.StageStatus_STAGE_RUNNING, CompletedAt: someTime,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := receive().GetStages()[0].GetStatus(); got != modelpb.StageStatus_STAGE_RUNNING {
		t.Errorf("got %s", got)
	}
	// A change by another server is told by it.
	_, err = w.store.UpdateDeployment(t.Context(), model.Fence{}, id, func(d *model.Deployment) error {
		return d.ReportStatus(model.DeploymentRunning, "elsewhere", time.Now())
	})
	if err != nil {
		t.Fatal(err)
	}
	w.tell(notify.Deployment(id))
	if got := receive().GetStatusReason(); got != "elsewhere" {
		t.Errorf("got %q", got)
	}
	w.complete(a, id)
	if got := receive().GetStatus(); got != modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS {
		t.Errorf("got %s", got)
	}
	if _, err := stream.Receive(); err == nil || !strings.Contains(err.Error(), io.EOF.Error()) {
		t.Errorf("got %v, want the end", err)
	}
}

func TestWebStageLog(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	id := w.deployment("dev", a, w.application("dev", a, "web"), model.StageWait)
	c := w.user("dev")
	send := func(first, last int64) {
		_, err := a.ReportStageLogs(a.ctx, &pipedservice.ReportStageLogsRequest{DeploymentId: id, StageId: "WAIT", Blocks: lines(first, last)})
		if err != nil {
			t.Fatal(err)
		}
	}
	get := func(from int64) *webv1.GetStageLogResponse {
		resp, err := c.GetStageLog(t.Context(), &webv1.GetStageLogRequest{DeploymentId: id, StageId: "WAIT", OffsetIndex: from})
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	if got := get(0); len(got.GetBlocks()) != 0 || got.GetCompleted() {
		t.Errorf("got %v before anything was written", got)
	}
	stream, err := c.WatchStageLog(t.Context(), &webv1.WatchStageLogRequest{DeploymentId: id, StageId: "WAIT"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	watch := &logWatch{stream: stream, last: 99}
	send(100, 149)
	watch.until(t, 149)
	send(140, 199) // a repeat with more
	watch.until(t, 199)
	send(200, 1300)
	watch.until(t, 1300)
	if got := get(150); got.GetBlocks()[0].GetIndex() != 150 || len(got.GetBlocks()) != 1000 || !got.GetMore() {
		t.Errorf("got %d entries from %d, more %t", len(got.GetBlocks()), got.GetBlocks()[0].GetIndex(), got.GetMore())
	}
	checkpoint := &pipedservice.ReportStageLogsFromLastCheckpointRequest{DeploymentId: id, StageId: "WAIT", Blocks: lines(100, 1301), Completed: true}
	for range 2 {
		if _, err := a.ReportStageLogsFromLastCheckpoint(a.ctx, checkpoint); err != nil {
			t.Fatal(err)
		}
	}
	if !watch.until(t, 1302) || watch.last != 1301 {
		t.Errorf("the watcher was at %d when the log was completed", watch.last)
	}
	if got := get(1300); len(got.GetBlocks()) != 2 || !got.GetCompleted() || got.GetMore() {
		t.Errorf("got %v", got)
	}
	_, err = a.ReportStageLogs(a.ctx, &pipedservice.ReportStageLogsRequest{DeploymentId: id, StageId: "WAIT", Blocks: lines(1302, 1302)})
	if err == nil || !strings.Contains(err.Error(), "FailedPrecondition") {
		t.Errorf("got %v after the end", err)
	}
}

// logWatch follows a stage's log and expects every line once.
type logWatch struct {
	stream webv1connect.WebServiceWatchStageLogClientStream
	last   int64
}

// until follows to a line and reports whether the log was completed.
func (w *logWatch) until(t *testing.T, line int64) bool {
	t.Helper()
	for w.last < line {
		m, err := w.stream.Receive()
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range m.GetBlocks() {
			if b.GetIndex() != w.last+1 {
				t.Fatalf("the watcher got %d after %d", b.GetIndex(), w.last)
			}
			w.last = b.GetIndex()
		}
		if m.GetCompleted() {
			return true
		}
	}
	return false
}

func TestWebSurvivesARestart(t *testing.T) { //nolint:tparallel // one subtest comes before the restart, one after
	t.Parallel()
	dir := t.TempDir()
	var id string
	t.Run("before", func(t *testing.T) { //nolint:paralleltest // it comes first
		w := setupIn(t, dir)
		a := w.agent("dev", "a")
		id = w.deployment("dev", a, w.application("dev", a, "web"), model.StageWait)
		_, err := a.ReportStageLogs(a.ctx, &pipedservice.ReportStageLogsRequest{DeploymentId: id, StageId: "WAIT", Blocks: lines(1, 3)})
		if err != nil {
			t.Fatal(err)
		}
	})
	t.Run("after", func(t *testing.T) { //nolint:paralleltest // it comes second
		w := setupIn(t, dir)
		c := w.user("dev")
		got, err := c.GetDeployment(t.Context(), &webv1.GetDeploymentRequest{DeploymentId: id})
		if err != nil || got.GetDeployment().GetStatus() != modelpb.DeploymentStatus_DEPLOYMENT_PLANNED {
			t.Errorf("got %v, %v", got, err)
		}
		log, err := c.GetStageLog(t.Context(), &webv1.GetStageLogRequest{DeploymentId: id, StageId: "WAIT"})
		if err != nil || len(log.GetBlocks()) != 3 {
			t.Errorf("got %v, %v", log, err)
		}
	})
}

func get(ctx context.Context, t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.user("dev")
	public, admin := "http://"+w.addresses.Public, "http://"+w.addresses.Admin
	for _, test := range []struct {
		url    string
		status int
		says   string
	}{
		{public + "/", http.StatusOK, "pipecd ctl login --address " + public},
		{public + "/healthz", http.StatusOK, "ok"},
		{public + "/metrics", http.StatusNotFound, ""},
		{public + "/debug/pprof/", http.StatusNotFound, ""},
		{public + "/other", http.StatusNotFound, ""},
		{admin + "/healthz", http.StatusOK, "ok"},
		{admin + "/metrics", http.StatusOK, `pipecd_rpc_duration_seconds_count{code="ok",method="Login",service="WebService"} 1`},
		{admin + "/debug/pprof/", http.StatusOK, "goroutine"},
	} {
		resp, body := get(t.Context(), t, test.url)
		if resp.StatusCode != test.status || !strings.Contains(body, test.says) {
			t.Errorf("%s: got %s %.200q, want %d with %q", test.url, resp.Status, body, test.status, test.says)
		}
	}
	resp, _ := get(t.Context(), t, public+"/")
	if got := resp.Header.Get("Content-Security-Policy"); !strings.Contains(got, "default-src 'none'") {
		t.Errorf("got policy %q", got)
	}
}
