package quickstart

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pipecd/pkg/config"
)

// The files to start from can be loaded as soon as the agent's id is filled in.
func TestWriteConfig(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "start")
	var out strings.Builder
	if err := writeConfig(Streams{Out: &out, Err: io.Discard}, dir); err != nil {
		t.Fatal(err)
	}
	if strings.Count(out.String(), dir) != len(startFiles()) {
		t.Errorf("it says it wrote %s", out.String())
	}
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	_, cp := config.LoadControlPlane("control-plane.yaml", read("control-plane.yaml"))
	_, app := config.LoadECSApp("app.pipecd.yaml", read("app.pipecd.yaml"))
	_, piped := config.LoadPiped("piped.yaml", read("piped.yaml"))
	if len(cp) > 0 || len(app) > 0 || len(piped) != 1 || !strings.Contains(piped.Error(), "spec.pipedID") {
		t.Errorf("problems of the files:\n%s\n%s\n%s", cp.Error(), app.Error(), piped.Error())
	}
	if err := writeConfig(Streams{Out: io.Discard, Err: io.Discard}, dir); !errors.Is(err, ErrUsage) {
		t.Errorf("error %v, want that no file is written over", err)
	}
}

// What can be typed is told only where something can.
func TestTourText(t *testing.T) {
	t.Parallel()
	w := &world{dir: "/kept", stays: true, cloud: &cloud{}, repo: &repository{}}
	if text := w.tourText(true); !strings.Contains(text, "quit     end, and leave the files in /kept") || strings.Contains(text, "remove") {
		t.Errorf("got %s", text)
	}
	if text := w.tourText(false); strings.Contains(text, "type a word") || !strings.Contains(text, "Nothing can be typed") {
		t.Errorf("got %s", text)
	}
	closed := Streams{In: strings.NewReader("")}
	if line, typing := firstLine(t.Context(), closed, readLines(t.Context(), closed)); typing {
		t.Errorf("a closed input gave %q", line)
	}
	one := Streams{In: strings.NewReader("good\n")}
	lines := readLines(t.Context(), one)
	if line, typing := firstLine(t.Context(), one, lines); !typing || line != "good" {
		t.Errorf("got %q, %t", line, typing)
	}
	for range lines {
		t.Error("there is another line")
	}
}
