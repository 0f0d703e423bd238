package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// stages makes a pipeline of three stages, and its rollback last, as it is
// stored, with the index that a stage without a place has.
func stages(statuses ...model.StageStatus) *model.Deployment {
	d := &model.Deployment{Stages: []model.Stage{
		{Name: "A", Index: 0, Visible: true}, {Name: "B", Index: 1, Visible: true}, {Name: "C", Index: 2, Visible: true},
		{Name: model.StageRollback, Rollback: true},
	}}
	for i, status := range statuses {
		d.Stages[i].Status = status
	}
	return d
}

func TestStagesAsTheyRan(t *testing.T) {
	t.Parallel()
	const none, running, ok, failed, cancelled = model.StageNotStarted, model.StageRunning, model.StageSuccess, model.StageFailure, model.StageCancelled
	cancelledWhileRunning := stages(ok, cancelled, cancelled, running)
	cancelledWhileRunning.Stages[1].Metadata = map[string]string{stageStartKey: "1700000000"}
	for name, tt := range map[string]struct {
		d    *model.Deployment
		want string
	}{
		"no rollback":             {stages(ok, running), "A B C"},
		"the second failed":       {stages(ok, failed, cancelled, ok), "A B ROLLBACK C"},
		"the first failed":        {stages(failed, cancelled, cancelled, running), "A ROLLBACK B C"},
		"cancelled while running": {cancelledWhileRunning, "A B ROLLBACK C"},
		"the last failed":         {stages(ok, ok, failed, ok), "A B C ROLLBACK"},
		"nothing began":           {stages(cancelled, cancelled, cancelled, ok), "ROLLBACK A B C"},
		"nothing yet":             {stages(none), "A B C"},
	} {
		var got []string
		for _, s := range visible(tt.d) {
			got = append(got, string(s.Name))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func TestShowApp(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.Local)
	app := &model.Application{
		ID: "a-1", Name: "web", PlatformProvider: "ecs", Labels: map[string]string{"team": "shop", "env": "prd"}, CreatedAt: at,
		GitPath:   model.GitPath{Repo: model.GitRepository{ID: "shop", Remote: "git@example.com:shop.git", Branch: "main"}, Path: "./"},
		SyncState: model.SyncState{Status: model.SyncInvalidConfig, ShortReason: "At abc: x (and 1 more)", Reason: "app.pipecd.yaml:3:5: x\x1b[2J\ny", Timestamp: at},
	}
	shown := &webv1.Application{
		Application: convert.ApplicationToPB(app), PipedName: "my-piped",
		Latest: &webv1.DeploymentBrief{Id: "d-1", Status: 5, Version: "v2", CreatedAt: at.Unix(), CompletedAt: at.Unix(), StatusReason: "ANALYSIS failed"},
	}
	var out bytes.Buffer
	if err := showApp(&out, shown, false); err != nil {
		t.Fatal(err)
	}
	want := `Application      web
Id               a-1
Labels           env=prd team=shop
Status           INVALID_CONFIG  its files cannot be used, so nothing is deployed until they are corrected
Piped            my-piped OFFLINE
Provider         ecs
Repository       shop  git@example.com:shop.git, branch main
File             app.pipecd.yaml
Last deployment  FAILURE  d-1  v2
                 ended 2026-11-01 12:00:00
                 ANALYSIS failed
Added            2026-11-01 12:00:00

Problems of its files
  app.pipecd.yaml:3:5: x[2J
  y
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
