package script

import (
	"bytes"
	"io"
	"strings"

	"pipecd/pkg/platform"
)

// Limits of what one script may write to the log.
const (
	maxLine   = 4 << 10
	maxLines  = 10_000
	maxOutput = 4 << 20
)

// tell writes what is read to the log until there is no more.
func tell(from io.Reader, log platform.Log) {
	out := &lines{log: log}
	_, _ = io.Copy(out, from) // an error says that what is still open is not waited for
	out.flush()
}

// lines writes what a script prints to the log, line by line.
type lines struct {
	log platform.Log

	partial []byte
	count   int
	size    int
	full    bool // the rest is not shown
}

// Write implements io.Writer and never fails: a script does not notice what is
// left out.
func (l *lines) Write(p []byte) (int, error) {
	n := len(p)
	for {
		line, rest, whole := bytes.Cut(p, []byte{'\n'})
		l.partial = append(l.partial, line...)
		for len(l.partial) > maxLine {
			l.tell(l.partial[:maxLine])
			l.partial = append(l.partial[:0], l.partial[maxLine:]...)
		}
		if !whole {
			return n, nil
		}
		l.tell(l.partial)
		l.partial = l.partial[:0]
		p = rest
	}
}

// flush writes a last line that has no end.
func (l *lines) flush() {
	if len(l.partial) > 0 {
		l.tell(l.partial)
		l.partial = nil
	}
}

// tell writes one line, until the limits are reached.
func (l *lines) tell(line []byte) {
	l.count++
	l.size += len(line)
	switch {
	case l.full:
	case l.count > maxLines || l.size > maxOutput:
		l.full = true
		l.log.Errorf("The script writes more than %d lines or %d bytes: the rest is not shown", maxLines, maxOutput)
	default:
		l.log.Infof("%s", strings.ToValidUTF8(strings.TrimRight(string(line), "\r"), "\uFFFD"))
	}
}
