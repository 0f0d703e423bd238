package script_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/script"
	"pipecd/pkg/pipeline/stage"
)

func TestScriptRunsInAPrivateCopy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &config.ScriptRunOptions{Run: "pwd; ls; bin/tool it; echo to-err >&2; echo new > app.pipecd.yaml; printf last"})
	out, err := w.run(t.Context(), w.script(), "stage-0")
	if err != nil || out.Failed {
		t.Fatalf("%+v, %v\n%s", out, err, w.log())
	}
	w.says("1 symbolic link", w.dir, "app.pipecd.yaml\nbin\n", "tool it\n", "to-err\n", "last\n")
	if left, _ := filepath.Glob(w.dir + "/*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if string(w.files["app.pipecd.yaml"].Data) != "x" || w.opened != 0 {
		t.Error("the snapshot was changed, or is still open")
	}
}

func TestScriptGetsAnAllowedEnvironment(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "agent's own")
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("TZ", "Asia/Tokyo")
	w := newWorld(t, &config.ScriptRunOptions{Run: "env | sort", Env: map[string]string{"STAGE": "prod", "SR_SUMMARY": "mine"}})
	if _, err := w.run(t.Context(), script.Script{Pass: []string{"AWS_REGION"}, Dir: w.dir}, "stage-0"); err != nil {
		t.Fatal(err)
	}
	w.says("AWS_REGION=eu-west-1\n", "PATH=", "SR_APPLICATION_ID=app-1\n", "SR_APPLICATION_NAME=shop\n",
		`SR_CONTEXT_RAW={"deploymentID":"d1","applicationID":"app-1","applicationName":"shop","triggeredAt":1700000000,"triggeredCommitHash":"c1","triggeredCommander":"kim","repositoryURL":"https://git.example.com/a","summary":"v2","labels":{"team-name":"a b"}}`+"\n",
		"SR_DEPLOYMENT_ID=d1\n", "SR_IS_ROLLBACK=false\n", "SR_LABELS_TEAM_NAME=a b\n", "SR_REPOSITORY_URL=https://git.example.com/a\n",
		"SR_RESUMED=false\n", "SR_SUMMARY=mine\n", "SR_TRIGGERED_AT=1700000000\n", "SR_TRIGGERED_COMMANDER=kim\n", "SR_TRIGGERED_COMMIT_HASH=c1\n", "STAGE=prod\n", "TZ=Asia/Tokyo\n")
	if strings.Contains(w.log(), "agent's own") {
		t.Error("the script was given the agent's credentials")
	}
}

func TestScriptThatFailsFailsTheStage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &config.ScriptRunOptions{Run: "echo why; exit 3"})
	for range 2 { // the second time from the record
		out, err := w.run(t.Context(), w.script(), "stage-0")
		if err != nil || !out.Failed || out.Reason != "The script exited with code 3: see the log for what it wrote" {
			t.Errorf("%+v, %v", out, err)
		}
	}
	if n := strings.Count(w.log(), "why\n"); n != 1 {
		t.Errorf("the script ran %d times", n)
	}
}

// TestNothingOutlivesItsScript: what a script starts ends with it, whether the
// script ends, is cancelled, or takes too long, and whether it listens or not.
func TestNothingOutlivesItsScript(t *testing.T) {
	t.Parallel()
	const child = `(trap '' TERM; while :; do date +%s%N > "$OUT"; sleep 0.05; done) &
`
	cancelled := &stage.CancelledError{By: "kim"}
	for name, tt := range map[string]struct {
		script string
		limit  time.Duration
		cancel bool
		want   string
	}{
		"ends":      {child + "sleep 0.3", time.Minute, false, ""},
		"too long":  {child + "wait", 300 * time.Millisecond, false, "the script did not finish within 300ms"},
		"cancelled": {child + "wait", time.Minute, true, cancelled.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			beat := filepath.Join(t.TempDir(), "beat")
			w := newWorld(t, &config.ScriptRunOptions{Run: tt.script, Timeout: config.Duration(tt.limit), Env: map[string]string{"OUT": beat}})
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			if tt.cancel {
				time.AfterFunc(300*time.Millisecond, func() { cancel(cancelled) })
			}
			_, err := w.run(ctx, w.script(), "stage-0")
			if (tt.want == "") != (err == nil) || (err != nil && err.Error() != tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			last, err := os.ReadFile(beat)
			if err != nil {
				t.Fatalf("what the script started never ran: %v", err)
			}
			deadline := time.Now().Add(300 * time.Millisecond)
			for time.Now().Before(deadline) {
				if now, err := os.ReadFile(beat); err != nil || string(now) != string(last) {
					last = now
					if time.Until(deadline) < 100*time.Millisecond {
						t.Fatal("what the script started still runs")
					}
				}
			}
		})
	}
}

func TestOutputHasLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &config.ScriptRunOptions{Run: `head -c 9000 /dev/zero | tr '\0' a; echo; i=0; while [ $i -lt 11000 ]; do echo $i; i=$((i+1)); done; printf '\377\n'`})
	if _, err := w.run(t.Context(), w.script(), "stage-0"); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.lines); n > 10_010 || !strings.HasPrefix(w.lines[n-1], "✗ The script writes more than") {
		t.Errorf("%d lines, the last one %q", n, w.lines[n-1])
	}
	for _, l := range w.lines {
		if len(l) > 4<<10 {
			t.Errorf("a line of %d bytes", len(l))
		}
	}
}

// TestInterruptedScriptRunsAgain: the agent stops while the script runs, and the
// next process tells the script.
func TestInterruptedScriptRunsAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &config.ScriptRunOptions{Run: `echo resumed $SR_RESUMED; [ "$SR_RESUMED" = true ] || sleep 60`})
	ctx, stop := context.WithCancelCause(t.Context())
	defer stop(nil)
	time.AfterFunc(200*time.Millisecond, func() { stop(stage.ErrStopping) })
	if _, err := w.run(ctx, w.script(), "stage-0"); !errors.Is(err, stage.ErrStopping) {
		t.Fatal(err)
	}
	out, err := w.run(t.Context(), w.script(), "stage-0")
	if err != nil || out.Failed {
		t.Fatalf("%+v, %v", out, err)
	}
	w.says("resumed false", "run again from its beginning", "resumed true")
}

func TestDisabled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &config.ScriptRunOptions{Run: "echo ran", OnRollback: "echo back"})
	s := script.Script{Disabled: true}
	err := s.Check(t.Context(), stage.Check{Options: w.options["stage-0"]})
	if model.CodeOf(err) != model.CodeFailedPrecondition || !strings.Contains(err.Error(), "scriptRun.disabled") {
		t.Errorf("Check: %v", err)
	}
	if _, err := w.run(t.Context(), s, "stage-0"); err == nil || strings.Contains(w.log(), "ran") {
		t.Errorf("Run: %v\n%s", err, w.log())
	}
	if err := (script.Script{}).Check(t.Context(), stage.Check{Options: w.options["stage-0"]}); err != nil {
		t.Errorf("switched on: %v", err)
	}
}
