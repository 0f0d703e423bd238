package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/controlplane/backup"
)

// TestProgress: one line, written over not too often, and gone at the end.
func TestProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		p := &progress{out: &out, terminal: true, doing: "restoring"}
		p.verify(backup.Summary{Rows: 1})
		p.verify(backup.Summary{Rows: 2}) // at once: not shown
		time.Sleep(time.Second)
		p.tell(backup.Summary{Rows: 1234, Objects: 56, Bytes: 3 << 20})
		p.end()
		want := clearLine + "checking the backup: 1 rows and 0 objects, 0.0 KiB" + clearLine + "restoring: 1234 rows and 56 objects, 3.0 MiB" + clearLine
		if out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	})
	if got := sized(5 << 30); got != "5.0 GiB" {
		t.Errorf("got %s", got)
	}
}

// TestProgressInALog: a line now and then, and nothing that only a terminal knows.
func TestProgressInALog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		p := newProgress(env{err: &out}, "backing up")
		for i := range 25 {
			p.tell(backup.Summary{Rows: i})
			time.Sleep(time.Second)
		}
		p.end()
		want := "backing up: 10 rows and 0 objects, 0.0 KiB\nbacking up: 20 rows and 0 objects, 0.0 KiB\n"
		if out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	})
}
