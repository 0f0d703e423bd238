// Package logging makes the process's logger from the flags both binaries have.
package logging

import (
	"io"
	"log/slog"
	"strings"

	"pipecd/pkg/model"
)

// Flags are the values of --log-level and --log-encoding.
type Flags struct {
	Level    string // debug, info, warn or error
	Encoding string // humanize and console are text, json is JSON
}

// New returns a logger that writes to w. Lines written while a span is recorded
// name their trace. CodeInvalid names the wrong flag.
func New(w io.Writer, f Flags) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.Level)); err != nil {
		return nil, model.Errorf(model.CodeInvalid, "--log-level: expected debug, info, warn or error, found %q", f.Level)
	}
	opts := &slog.HandlerOptions{Level: level}
	switch strings.ToLower(f.Encoding) {
	case "json":
		return slog.New(traced{slog.NewJSONHandler(w, opts)}), nil
	case "", "humanize", "console":
		return slog.New(traced{slog.NewTextHandler(w, opts)}), nil
	default:
		return nil, model.Errorf(model.CodeInvalid, "--log-encoding: expected humanize, console or json, found %q", f.Encoding)
	}
}
