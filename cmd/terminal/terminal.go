// Package terminal knows what may be shown on a terminal: colours where they are
// wanted, and foreign text without what would move the cursor.
package terminal

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Is reports whether f, an input or output, is a terminal.
func Is(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Paint colours text, or does not.
type Paint bool

// PaintFor says whether w is a terminal that wants colour: NO_COLOR and
// TERM=dumb ask for none.
func PaintFor(w io.Writer, getenv func(string) string) Paint {
	return Paint(getenv("NO_COLOR") == "" && getenv("TERM") != "dumb" && Is(w))
}

// Styles of As.
const (
	Faint  = "2"
	Red    = "31"
	Green  = "32"
	Yellow = "33"
	Cyan   = "36"
)

// Status colours the name of a status.
func (p Paint) Status(name string) string {
	switch name {
	case "SUCCESS", "SYNCED", "SUCCEEDED", "ONLINE":
		return p.As(Green, name)
	case "FAILURE", "FAILED", "INVALID_CONFIG", "TIMEOUT":
		return p.As(Red, name)
	case "RUNNING", "DEPLOYING", "PLANNED":
		return p.As(Cyan, name)
	case "ROLLING_BACK", "CANCELLED", "OUT_OF_SYNC", "OFFLINE":
		return p.As(Yellow, name)
	default:
		return name
	}
}

// As returns the text in a style.
func (p Paint) As(style, text string) string {
	if !p || text == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

// Printable returns s as it may be shown on a terminal: one line, without
// control characters, which could come from a repository or a program's output.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case r < ' ' || r >= 0x7f && r < 0xa0:
			return -1
		default:
			return r
		}
	}, s)
}
