package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/model"
)

// writerEnv makes the test binary a process that writes to the database the
// variable names.
const writerEnv = "PIPECD_SQLITE_TEST_WRITER"

// writeUntilKilled adds projects and says so after each.
func writeUntilKilled(path string) {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, sqlite.Options{Path: path})
	for i := 0; err == nil; i++ {
		id := fmt.Sprintf("%06d", i)
		if err = store.AddProject(ctx, &model.Project{ID: id}); err == nil {
			_, err = fmt.Fprintln(os.Stdout, id)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// TestKilledProcess: what a call acknowledged is there after the process was
// killed, and the lock is free.
func TestKilledProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "db")
	const kills, between = 3, 40
	var acknowledged []string
	for round := range kills {
		dir := fmt.Sprintf("%s-%d", path, round)
		writer := exec.CommandContext(t.Context(), os.Args[0])
		writer.Env = append(os.Environ(), writerEnv+"="+dir)
		writer.Stderr = t.Output()
		out, err := writer.StdoutPipe()
		must(t, err)
		must(t, writer.Start())
		lines := bufio.NewScanner(out)
		acknowledged = acknowledged[:0]
		for lines.Scan() {
			acknowledged = append(acknowledged, lines.Text())
			if len(acknowledged) == between*(round+1) {
				must(t, writer.Process.Kill())
			}
		}
		if err := writer.Wait(); err == nil || len(acknowledged) < between {
			t.Fatalf("the writer ended with %v after %d projects", err, len(acknowledged))
		}
		store := open(t, dir)
		for _, id := range acknowledged {
			if _, err := store.GetProject(t.Context(), id); err != nil {
				t.Errorf("round %d: acknowledged but lost: %v", round, err)
			}
		}
	}
}
