package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"pipecd/cmd/terminal"
)

// table is a list for people.
type table struct {
	header []string
	rows   [][]string
	paint  terminal.Paint
}

func (t *table) add(cells ...string) {
	for i, cell := range cells {
		cells[i] = terminal.Printable(cell)
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
			line.WriteString(t.paint.Status(cell))
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

// writeJSON prints a message for scripts, with the field names of the proto
// files. Its lists are there also when they are empty.
func writeJSON(w io.Writer, m proto.Message) error {
	raw, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err == nil {
		raw, err = withEmptyLists(raw, m)
	}
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

// withEmptyLists adds to the encoded message its own lists that are empty.
func withEmptyLists(raw []byte, m proto.Message) ([]byte, error) {
	var empty []string
	fields := m.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		if f := fields.Get(i); f.IsList() && !m.ProtoReflect().Has(f) {
			empty = append(empty, string(f.Name()))
		}
	}
	if len(empty) == 0 {
		return raw, nil
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	for _, name := range empty {
		all[name] = json.RawMessage("[]")
	}
	return json.Marshal(all)
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

// colours says whether w is a terminal that wants colour.
func colours(e env, w io.Writer) terminal.Paint { return terminal.PaintFor(w, e.getenv) }
