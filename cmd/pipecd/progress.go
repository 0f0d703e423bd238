package main

import (
	"fmt"
	"io"
	"time"

	"pipecd/cmd/terminal"
	"pipecd/pkg/controlplane/backup"
)

// progress shows on a terminal how far a backup is, on one line that is written
// over. Elsewhere it shows nothing.
type progress struct {
	out   io.Writer // nil: nothing
	doing string
	shown time.Time
}

func newProgress(e env, doing string) *progress {
	p := &progress{doing: doing}
	if terminal.Is(e.err) {
		p.out = e.err
	}
	return p
}

const clearLine = "\r\x1b[K"

// tell shows what is done.
func (p *progress) tell(s backup.Summary) { p.show(p.doing, s) }

// verify shows what was looked at before.
func (p *progress) verify(s backup.Summary) { p.show("checking the backup", s) }

func (p *progress) show(doing string, s backup.Summary) {
	const often = 100 * time.Millisecond
	if p.out == nil || time.Since(p.shown) < often {
		return
	}
	p.shown = time.Now()
	_, _ = fmt.Fprintf(p.out, clearLine+"%s: %s", doing, counted(s)) // nobody is left to be told
}

// end clears the line.
func (p *progress) end() {
	if p.out != nil {
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
