package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// table is a list for people.
type table struct {
	header []string
	rows   [][]string
	paint  paint
}

func (t *table) add(cells ...string) {
	for i, cell := range cells {
		cells[i] = printable(cell)
	}
	t.rows = append(t.rows, cells)
}

// write aligns the columns; colours are added last, for they have no width.
func (t *table) write(w io.Writer) error {
	widths := make([]int, len(t.header))
	all := append([][]string{t.header}, t.rows...)
	for _, row := range all {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range all {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(t.paint.status(cell))
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// printable returns s as it may be shown on a terminal: one line, without
// control characters, which could come from a repository or a program's output.
func printable(s string) string {
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

// writeJSON prints a message for scripts, with the field names of the proto
// files.
func writeJSON(w io.Writer, m proto.Message) error {
	raw, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	var out bytes.Buffer // protojson varies its white space on purpose
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	out.WriteByte('\n')
	_, err = out.WriteTo(w)
	return err
}

// writeJSONLine is writeJSON on one line.
func writeJSONLine(w io.Writer, m proto.Message) error {
	raw, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	var out bytes.Buffer
	if err := json.Compact(&out, raw); err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	out.WriteByte('\n')
	_, err = out.WriteTo(w)
	return err
}

func shortTime(t time.Time) string {
	if t.IsZero() || t.Unix() <= 0 {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

func unixTime(seconds int64) string { return shortTime(time.Unix(seconds, 0)) }

// paint colours text, or does not.
type paint bool

// colours says whether w is a terminal that wants colour.
func colours(e env, w io.Writer) paint {
	f, ok := w.(*os.File)
	return paint(ok && e.getenv("NO_COLOR") == "" && e.getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd())))
}

// status colours the name of a status.
func (p paint) status(name string) string {
	switch name {
	case "SUCCESS", "SYNCED", "SUCCEEDED", "ONLINE":
		return p.as("32", name)
	case "FAILURE", "FAILED", "INVALID_CONFIG", "TIMEOUT":
		return p.as("31", name)
	case "RUNNING", "DEPLOYING", "PLANNED":
		return p.as("36", name)
	case "ROLLING_BACK", "CANCELLED", "OUT_OF_SYNC", "OFFLINE":
		return p.as("33", name)
	default:
		return name
	}
}

// as returns the text with a style, given as an ANSI code.
func (p paint) as(style, text string) string {
	if !p {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}
