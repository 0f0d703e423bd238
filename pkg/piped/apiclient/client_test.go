package apiclient_test

import (
	"context"
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/piped/apiclient"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
)

func deployment() *model.Deployment {
	d := &model.Deployment{
		ID: "d1", ApplicationID: "a1", ApplicationName: "web", PipedID: "piped-1", ProjectID: "quickstart", Kind: model.KindECS,
		GitPath: model.GitPath{Repo: model.GitRepository{ID: "r1"}, Path: "./"},
	}
	d.Trigger.Commit = model.Commit{Hash: "abc", Branch: "main"}
	return d
}

// Every call passes the wire's rules even when the caller leaves out times and
// Git has an empty message.
func TestEveryCallObeysTheWire(t *testing.T) {
	t.Parallel()
	p := &plane{}
	c := dial(t, options(p.serve(t)))
	stage := model.Stage{ID: "s1", Name: model.StageECSSync}
	app := &model.Application{ID: "a1", Name: "web", PipedID: "piped-1", Kind: model.KindECS, GitPath: deployment().GitPath}
	for method, do := range map[string]func(ctx context.Context) error{
		"ReportStat": c.ReportStat,
		"ReportApplicationSyncState": func(ctx context.Context) error {
			return c.ReportSyncState(ctx, "a1", model.SyncState{Status: model.SyncSynced})
		},
		"ReportApplicationDeployingStatus": func(ctx context.Context) error { return c.ReportDeploying(ctx, "a1", true) },
		"ReportApplicationMostRecentDeployment": func(ctx context.Context) error {
			return c.ReportMostRecentDeployment(ctx, "a1", model.DeploymentSuccess, deployment().Ref())
		},
		"CreateDeployment": func(ctx context.Context) error { return c.CreateDeployment(ctx, deployment()) },
		"ReportDeploymentPlanned": func(ctx context.Context) error {
			return c.ReportPlanned(ctx, "d1", model.Plan{Stages: []model.Stage{stage}})
		},
		"ReportDeploymentStatusChanged": func(ctx context.Context) error {
			return c.ReportStatus(ctx, "d1", model.DeploymentRunning, "stages run\xff")
		},
		"ReportDeploymentCompleted": func(ctx context.Context) error {
			return c.ReportCompleted(ctx, "d1", model.Completion{Status: model.DeploymentFailure, StageStatuses: map[string]model.StageStatus{"s1": model.StageFailure}})
		},
		"SaveDeploymentMetadata": func(ctx context.Context) error {
			return c.SaveDeploymentMetadata(ctx, "d1", map[string]string{"k": "\xff"})
		},
		"SaveStageMetadata": func(ctx context.Context) error {
			return c.SaveStageMetadata(ctx, "d1", "s1", map[string]string{"k": "v"})
		},
		"ReportStageStatusChanged": func(ctx context.Context) error {
			return c.ReportStage(ctx, "d1", model.StageReport{StageID: "s1", Status: model.StageRunning})
		},
		"ReportStageLogs": func(ctx context.Context) error {
			return c.ReportStageLogs(ctx, apiclient.LogBatch{DeploymentID: "d1", StageID: "s1", Blocks: []model.LogBlock{{Index: 1}}})
		},
		"ReportStageLogsFromLastCheckpoint": func(ctx context.Context) error {
			return c.ReportStageLogs(ctx, apiclient.LogBatch{DeploymentID: "d1", StageID: "s1", Completed: true})
		},
		"ReportCommandHandled": func(ctx context.Context) error {
			return c.ReportCommandHandled(ctx, "c1", model.Handled{Status: model.CommandSucceeded})
		},
		"UpdateApplicationConfigurations": func(ctx context.Context) error {
			return c.UpdateApplicationInfo(ctx, []*model.Application{app})
		},
		"ReportUnregisteredApplicationConfigurations": func(ctx context.Context) error {
			return c.ReportUnregisteredApplications(ctx, []*model.Application{app})
		},
		"PutLatestAnalysisResult": func(ctx context.Context) error { return c.PutLatestAnalysisResult(ctx, "a1", time.Time{}) },
	} {
		if err := do(t.Context()); err != nil {
			t.Errorf("%s: %v", method, err)
			continue
		}
		call := p.last(t, method)
		if call.authorization != "PIPED-TOKEN quickstart,piped-1,sesame" || call.epoch != "" {
			t.Errorf("%s carried %q and epoch %q", method, call.authorization, call.epoch)
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	p := &plane{}
	c := dial(t, options(p.serve(t)))
	ctx := t.Context()

	name, web, err := c.ReportMeta(ctx, model.PipedMeta{Version: "v1", Repositories: []model.GitRepository{{ID: "r1"}}})
	if name != "dev" || web != "https://pipecd.example.com" || err != nil {
		t.Errorf("ReportMeta = %q, %q, %v", name, web, err)
	}
	apps, err := c.ListApplications(ctx)
	if err != nil || len(apps) != 2 || apps[1].ID != "a2" {
		t.Errorf("ListApplications = %v, %v", apps, err)
	}
	ref, err := c.MostRecentDeployment(ctx, "a1", model.DeploymentSuccess)
	if err != nil || ref.DeploymentID != "d0" {
		t.Errorf("MostRecentDeployment = %v, %v", ref, err)
	}
	d, err := c.GetDeployment(ctx, "d9")
	if err != nil || d.ID != "d9" {
		t.Errorf("GetDeployment = %v, %v", d, err)
	}
	open, err := c.ListOpenDeployments(ctx)
	if err != nil || len(open) != 3 || open[2].ID != "d3" {
		t.Errorf("ListOpenDeployments = %v, %v", open, err)
	}
	commands, err := c.ListUnhandledCommands(ctx)
	if err != nil || len(commands) != 1 || commands[0].DeploymentID != "d1" {
		t.Errorf("ListUnhandledCommands = %v, %v", commands, err)
	}
	start, err := c.LatestAnalysisResult(ctx, "a1")
	if err != nil || !start.Equal(time.Unix(1700000000, 0)) {
		t.Errorf("LatestAnalysisResult = %v, %v", start, err)
	}
}

func TestLogBatch(t *testing.T) {
	t.Parallel()
	p := &plane{}
	c := dial(t, options(p.serve(t)))
	at := time.Unix(1700000000, 0).UTC()
	err := c.ReportStageLogs(t.Context(), apiclient.LogBatch{
		DeploymentID: "d1", StageID: "s1", RetriedCount: 2, Completed: true,
		Blocks: []model.LogBlock{{Index: 7, Log: "done", Severity: model.LogSuccess, CreatedAt: at}},
	})
	if err != nil {
		t.Fatal(err)
	}
	req, ok := p.last(t, "ReportStageLogsFromLastCheckpoint").request.(*pipedservice.ReportStageLogsFromLastCheckpointRequest)
	if !ok || !req.GetCompleted() || req.GetRetriedCount() != 2 || len(req.GetBlocks()) != 1 || req.GetBlocks()[0].GetIndex() != 7 {
		t.Errorf("got %v", req)
	}
}

// Refusals keep their code, carry the sentence, and are not repeated.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, code := range []model.Code{
		model.CodeInvalid, model.CodeNotFound, model.CodeAlreadyExists, model.CodeFailedPrecondition, model.CodeUnauthenticated,
		model.CodePermissionDenied, model.CodeFenced, model.CodeUnimplemented,
	} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			p := &plane{answer: func(string, int) error { return model.Errorf(code, "the reason") }}
			c := dial(t, options(p.serve(t)))
			err := c.CreateDeployment(t.Context(), deployment())
			if model.CodeOf(err) != code || !strings.Contains(err.Error(), "the reason") || !strings.Contains(err.Error(), "creating deployment d1") {
				t.Errorf("got %s: %v", model.CodeOf(err), err)
			}
			if strings.Contains(err.Error(), "sesame") {
				t.Errorf("the key is in the sentence: %v", err)
			}
			if got := p.count("CreateDeployment"); got != 1 {
				t.Errorf("tried %d times", got)
			}
		})
	}
}

func TestRepeats(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func(method string, call int) error
		code   model.Code
		tries  int
	}{
		"away for a while": {
			func(_ string, call int) error {
				if call < 8 {
					return model.Errorf(model.CodeUnavailable, "restarting")
				}
				return nil
			}, "", 8,
		},
		"a limit that stays": {
			func(string, int) error { return model.Errorf(model.CodeExhausted, "too large") }, model.CodeExhausted, 5,
		},
		"an internal error that passes": {
			func(_ string, call int) error {
				if call < 3 {
					return model.Errorf(model.CodeInternal, "hiccup")
				}
				return nil
			}, "", 3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &plane{answer: c.answer}
				o := options("plane.test:80")
				o.Dialer = p.serveInMemory(t).dial
				err := dial(t, o).ReportStat(t.Context())
				if model.CodeOf(err) != c.code || p.count("ReportStat") != c.tries {
					t.Errorf("got %v after %d tries, want code %q after %d", err, p.count("ReportStat"), c.code, c.tries)
				}
			})
		})
	}
}

// A call that is not answered is given up after its deadline and made again.
func TestSlowAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &plane{}
		release := make(chan struct{})
		p.answer = func(_ string, call int) error {
			if call == 1 {
				<-release
			}
			return nil
		}
		o := options("plane.test:80")
		o.Dialer = p.serveInMemory(t).dial
		err := dial(t, o).ReportStat(t.Context())
		close(release)
		if err != nil || p.count("ReportStat") != 2 {
			t.Errorf("got %v after %d tries", err, p.count("ReportStat"))
		}
	})
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := (&plane{}).serveInMemory(t)
		n.stop()
		o := options("plane.test:80")
		o.Dialer = n.dial
		c := dial(t, o)

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := c.ReportStat(ctx)
		if model.CodeOf(err) != model.CodeUnavailable ||
			!strings.Contains(err.Error(), "the control plane at plane.test:80 cannot be reached: dial tcp: connection refused") {
			t.Errorf("got %v", err)
		}
		if dials := n.dials(); dials < 5 || dials > 60 {
			t.Errorf("connected %d times in a minute", dials)
		}

		errStop := errors.New("the agent stops")
		stopped, stop := context.WithCancelCause(t.Context())
		stop(errStop)
		if err := c.ReportStat(stopped); !errors.Is(err, errStop) {
			t.Errorf("got %v", err)
		}

		n.start()
		if err := c.ReportStat(t.Context()); err != nil {
			t.Errorf("after it came back: %v", err)
		}
	})
}

func TestTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer((&plane{}).Handler())
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	certFile := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(certFile, block, 0o600); err != nil {
		t.Fatal(err)
	}
	o := options(server.Listener.Addr().String())
	o.Insecure = false

	o.CertFile = certFile
	if err := dial(t, o).ReportStat(t.Context()); err != nil {
		t.Error(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	o.CertFile = ""
	if err := dial(t, o).ReportStat(ctx); err == nil {
		t.Error("a server nobody vouches for was trusted")
	}
}

func TestDialRefuses(t *testing.T) {
	t.Parallel()
	notPEM := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(notPEM, []byte("no"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*apiclient.Options){
		"no port":        func(o *apiclient.Options) { o.Address = "pipecd.example.com" },
		"no key":         func(o *apiclient.Options) { o.PipedKey = "" },
		"no certificate": func(o *apiclient.Options) { o.Insecure, o.CertFile = false, "/does/not/exist" },
		"not PEM":        func(o *apiclient.Options) { o.Insecure, o.CertFile = false, notPEM },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options("127.0.0.1:1")
			change(&o)
			if _, err := apiclient.Dial(t.Context(), o); model.CodeOf(err) != model.CodeInvalid {
				t.Errorf("got %v", err)
			}
		})
	}
}
