package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"pipecd/cmd/terminal"
	"pipecd/pkg/config"
	"pipecd/pkg/piped/check"
)

// jsonReport is the report for programs. Fields are added to it, and never
// changed or taken away; all are always there.
type jsonReport struct {
	OK       bool          `json:"ok"` // the exit code is 0
	Errors   int           `json:"errors"`
	Warnings int           `json:"warnings"`
	Files    []jsonFile    `json:"files"` // that were looked at
	Skipped  []jsonSkipped `json:"skipped"`
	Problems []jsonProblem `json:"problems"`
}

type jsonFile struct {
	Path string `json:"path"`
	Kind string `json:"kind"` // ECSApp, AnalysisTemplate, Piped or Definition; empty when it could not be read
}

type jsonSkipped struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

type jsonProblem struct {
	File     string `json:"file"`
	Line     int    `json:"line"` // from 1; 0 when the problem is about the whole file
	Column   int    `json:"column"`
	Field    string `json:"field"`
	Severity string `json:"severity"` // error or warning
	Message  string `json:"message"`
	Hint     string `json:"hint"`
}

func writeJSON(w io.Writer, r check.Report, ok bool) error {
	errs, warnings := count(r.Problems)
	out := jsonReport{OK: ok, Errors: errs, Warnings: warnings, Files: []jsonFile{}, Skipped: []jsonSkipped{}, Problems: []jsonProblem{}}
	for _, f := range r.Files {
		out.Files = append(out.Files, jsonFile{Path: f.Path, Kind: string(f.Kind)})
	}
	for _, s := range r.Skipped {
		out.Skipped = append(out.Skipped, jsonSkipped{Path: s.Path, Reason: s.Reason})
	}
	for _, p := range r.Problems {
		out.Problems = append(out.Problems, jsonProblem{
			File: p.File, Line: p.Line, Column: p.Column, Field: p.Field, Severity: string(p.Severity), Message: p.Message, Hint: p.Hint,
		})
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(out)
}

func count(problems config.Problems) (errs, warnings int) {
	warnings = len(problems.Warnings())
	return len(problems) - warnings, warnings
}

// writeText writes one line per problem, in the form that editors can jump to,
// and a line that sums up.
func writeText(w io.Writer, r check.Report, f checkFlags) error {
	paint := terminal.PaintFor(w, os.Getenv)
	var out strings.Builder
	for _, p := range r.Problems {
		style := terminal.Red
		if p.Severity == config.SeverityWarning {
			style = terminal.Yellow
		}
		line := terminal.Printable(p.String())
		place := terminal.Printable(placeOf(p))
		fmt.Fprintf(&out, "%s%s\n", paint.As(style, place), strings.TrimPrefix(line, place))
	}
	for _, s := range r.Skipped {
		fmt.Fprintln(&out, paint.As(terminal.Faint, terminal.Printable("skipped "+s.Path+": "+s.Reason)))
	}
	fmt.Fprintln(&out, summary(r, paint))
	isApp := func(f check.File) bool { return f.Kind == config.KindECSApp }
	if f.configFile == "" && slices.ContainsFunc(r.Files, isApp) {
		fmt.Fprintln(&out, paint.As(terminal.Faint, "whether the analysis providers exist was not looked at: give --config-file"))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// placeOf is the part of the problem that editors jump to.
func placeOf(p config.Problem) string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

func summary(r check.Report, paint terminal.Paint) string {
	errs, warnings := count(r.Problems)
	style := terminal.Green
	switch {
	case errs > 0:
		style = terminal.Red
	case warnings > 0:
		style = terminal.Yellow
	}
	text := fmt.Sprintf("%s, %s in %s", plural(errs, "error"), plural(warnings, "warning"), plural(len(r.Files), "file"))
	if n := len(r.Skipped); n > 0 {
		text += fmt.Sprintf(", %d skipped", n)
	}
	return paint.As(style, text)
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
