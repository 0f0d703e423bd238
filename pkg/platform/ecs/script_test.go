package ecs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/simcloud"
)

// scripted is the usual pipeline with a script before the analysis. Every run of
// it adds a line to the file, as does every run of what takes it back.
func scripted(file string) []stageSpec {
	opts := &config.ScriptRunOptions{
		Run: "ls taskdef.yaml >> $OUT", OnRollback: "echo undone >> $OUT",
		Timeout: config.Duration(time.Hour), Env: map[string]string{"OUT": file},
	}
	return canaryPipeline(stageSpec{model.StageScriptRun, opts}, verdict())
}

// TestKilledAnywhereWithAScript: a script may run twice when the process is
// killed, never more often, and is taken back exactly when the deployment is.
func TestKilledAnywhereWithAScript(t *testing.T) {
	for _, late := range []bool{false, true} {
		for _, fail := range []bool{false, true} {
			t.Run(fmt.Sprintf("fail=%t late=%t", fail, late), func(t *testing.T) {
				file, shares := filepath.Join(t.TempDir(), "out"), "- 20 - - 100 100 - -"
				if fail {
					shares = "- 20 - - - - - 0"
				}
				virtually(t, nil, func(t *testing.T, w *world) {
					w.each = func(kill int) {
						out, err := os.ReadFile(file)
						if err != nil {
							t.Fatalf("killed at write %d: %v", kill, err)
						}
						text := strings.ReplaceAll(string(out), "taskdef.yaml\n", "")
						runs := strings.Count(string(out), "taskdef.yaml\n")
						undone := strings.Count(text, "undone\n")
						if runs < 1 || runs > 2 || (undone > 0) != fail || undone > 2 {
							t.Fatalf("killed at write %d: the scripts wrote %q", kill, out)
						}
						if err := os.Remove(file); err != nil {
							t.Fatal(err)
						}
					}
					killAnywhere(t, w, scripted(file), fail, late, shares)
				})
			})
		}
	}
}

// TestScriptThatFailsRollsBack: the script of a failed stage is taken back too.
func TestScriptThatFailsRollsBack(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out")
	virtually(t, func(*simcloud.Config) {}, func(t *testing.T, w *world) {
		w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
		before := w.state()
		stages := scripted(file)
		opts, ok := stages[2].with.(*config.ScriptRunOptions)
		if !ok {
			t.Fatalf("stage 2 has options %T", stages[2].with)
		}
		opts.Run = "exit 2"
		d := w.deployment("d2", shop("v2", ""), stages...)
		d.mustRun(verdictStage{}, model.DeploymentFailure)
		if after := w.state(); after != before {
			t.Errorf("afterwards %+v, before %+v\n%s", after, before, d.log())
		}
		if out, err := os.ReadFile(file); err != nil || string(out) != "undone\n" {
			t.Errorf("the scripts wrote %q, %v\n%s", out, err, d.log())
		}
	})
}
