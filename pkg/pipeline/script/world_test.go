package script_test

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/script"
	"pipecd/pkg/pipeline/stage"
)

// world is one deployment with scripts, and what its log says.
type world struct {
	t       *testing.T
	d       *model.Deployment
	options map[string]config.StageOptions
	files   fstest.MapFS
	docs    map[string]string // the journals, by stage id
	dir     string            // where copies are made

	mu     sync.Mutex
	lines  []string
	opened int // copies of the directory under way
}

func newWorld(t *testing.T, scripts ...*config.ScriptRunOptions) *world {
	t.Helper()
	w := &world{
		t: t, options: map[string]config.StageOptions{}, docs: map[string]string{}, dir: t.TempDir(),
		d: &model.Deployment{
			ID: "d1", ApplicationID: "app-1", ApplicationName: "shop", Summary: "v2", Labels: map[string]string{"team-name": "a b"},
			Trigger: model.DeploymentTrigger{Commit: model.Commit{Hash: "c1"}, Commander: "kim", Timestamp: time.Unix(1700000000, 0)},
			GitPath: model.GitPath{Repo: model.GitRepository{Remote: "https://git.example.com/a"}},
		},
		files: fstest.MapFS{
			"app.pipecd.yaml": {Data: []byte("x"), Mode: 0o444},
			"bin/tool":        {Data: []byte("#!/bin/sh\necho tool \"$1\"\n"), Mode: 0o555},
			"link":            {Data: []byte("/etc/passwd"), Mode: fs.ModeSymlink},
		},
	}
	for i, o := range scripts {
		if o.Timeout == 0 {
			o.Timeout = config.Duration(time.Minute)
		}
		id := fmt.Sprintf("stage-%d", i)
		w.d.Stages = append(w.d.Stages, model.Stage{ID: id, Name: model.StageScriptRun, Index: int32(i)})
		w.options[id] = o
	}
	w.d.Stages = append(w.d.Stages, model.Stage{ID: model.StageIDRollback, Name: model.StageRollback, Rollback: true})
	return w
}

// script is what the world's agent runs scripts with.
func (w *world) script() script.Script { return script.Script{Dir: w.dir} }

// run runs the stage in a process that begins now.
func (w *world) run(ctx context.Context, s stage.Stage, id string) (stage.Outcome, error) {
	w.t.Helper()
	steps, err := stage.OpenJournal(w.docs[id],
		func(step string) string { return model.StepToken(w.d.ID, id, step) },
		func(_ context.Context, doc string, _ bool) error { w.docs[id] = doc; return nil })
	if err != nil {
		w.t.Fatal(err)
	}
	d := w.d.Clone()
	for i := range d.Stages {
		d.Stages[i].Metadata = map[string]string{stage.MetadataSteps: w.docs[d.Stages[i].ID]}
	}
	return s.Run(ctx, &stage.Run{
		Deployment: d, Stage: d.Stage(id).Clone(), Options: w.options[id], Log: w, Steps: steps, StartedAt: time.Now(),
		Pipeline: w.options,
		Files: func(context.Context) (fs.FS, func(), error) {
			w.opened++
			return w.files, func() { w.opened-- }, nil
		},
	})
}

func (w *world) add(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, fmt.Sprintf(format, args...))
}

func (w *world) Infof(format string, args ...any)    { w.add(format, args...) }
func (w *world) Successf(format string, args ...any) { w.add(format, args...) }
func (w *world) Errorf(format string, args ...any)   { w.add("✗ "+format, args...) }

func (w *world) log() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.lines, "\n") + "\n"
}

// says fails the test unless the log has every text, in that order.
func (w *world) says(texts ...string) {
	w.t.Helper()
	rest := w.log()
	for _, text := range texts {
		_, after, found := strings.Cut(rest, text)
		if !found {
			w.t.Fatalf("%q is not in the log, or not in its place:\n%s", text, w.log())
		}
		rest = after
	}
}
