package main

import (
	"fmt"
	"io"
	"time"

	"pipecd/cmd/terminal"
	"pipecd/pkg/controlplane/backup"
)

// progress shows how far a backup is: on a terminal on one line that is written
// over, elsewhere, in a job's log say, with a line now and then.
type progress struct {
	out      io.Writer
	terminal bool
	doing    string
	shown    time.Time
}

func newProgress(e env, doing string) *progress {
	return &progress{out: e.err, terminal: terminal.Is(e.err), doing: doing, shown: time.Now()}
}

const clearLine = "\r\x1b[K"

// How often it is shown.
const (
	onTerminal = 100 * time.Millisecond
	inLog      = 10 * time.Second
)

// tell shows what is done.
func (p *progress) tell(s backup.Summary) { p.show(p.doing, s) }

// verify shows what was looked at before.
func (p *progress) verify(s backup.Summary) { p.show("checking the backup", s) }

func (p *progress) show(doing string, s backup.Summary) {
	often, format := inLog, "%s: %s\n"
	if p.terminal {
		often, format = onTerminal, clearLine+"%s: %s"
	}
	if time.Since(p.shown) < often {
		return
	}
	p.shown = time.Now()
	_, _ = fmt.Fprintf(p.out, format, doing, counted(s)) // nobody is left to be told
}

// end clears the line.
func (p *progress) end() {
	if p.terminal {
		_, _ = io.WriteString(p.out, clearLine) // nobody is left to be told
	}
}

// counted is what was moved, in words.
func counted(s backup.Summary) string {
	return fmt.Sprintf("%d rows and %d objects, %s", s.Rows, s.Objects, sized(s.Bytes))
}

// sized is a number of bytes for people.
func sized(bytes int64) string {
	const (
		kib = 1 << 10
		mib = 1 << 20
		gib = 1 << 30
	)
	switch {
	case bytes < mib:
		return fmt.Sprintf("%.1f KiB", float64(bytes)/kib)
	case bytes < gib:
		return fmt.Sprintf("%.1f MiB", float64(bytes)/mib)
	default:
		return fmt.Sprintf("%.1f GiB", float64(bytes)/gib)
	}
}
