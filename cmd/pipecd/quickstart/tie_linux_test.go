package quickstart

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// parentEnv makes this test program a quickstart that has started its agent, in
// the directory it names.
const parentEnv = "QUICKSTART_TEST_PARENT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentEnv); dir != "" {
		fmt.Fprintln(os.Stderr, beParent(dir))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// beParent starts an agent that never ends by itself, says so, and waits.
func beParent(dir string) error {
	d, err := openDirectory(dir)
	if err != nil {
		return err
	}
	a := &agentProcess{
		binary: "sleep", args: []string{"1000"}, logFile: filepath.Join(dir, "piped.log"), hold: d.hold,
		report:  func(text string) { fmt.Fprintln(os.Stderr, text) },
		onStart: func(p *os.Process) { fmt.Fprintln(os.Stdout, p.Pid) },
	}
	a.start(context.Background())
	a.wait()
	return nil
}

// A quickstart that is killed takes its agent along, and its directory can be
// used again. The lock tells: it is held as long as either of the two lives.
func TestAgentDiesWithTheQuickstart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.CommandContext(t.Context(), self)
	parent.Env = append(os.Environ(), parentEnv+"="+dir)
	parent.Stderr = os.Stderr
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	if !bufio.NewScanner(out).Scan() {
		t.Fatal("the agent was not started")
	}
	f, err := os.Open(filepath.Join(dir, marker))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() // it is only locked
	if free, err := lock(f); err != nil || free {
		t.Fatalf("the directory is not locked while they run: %t, %v", free, err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()                                                   // it was killed
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil { // waits until the agent is gone
		t.Fatal(err)
	}
}
