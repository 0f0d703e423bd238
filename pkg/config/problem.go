package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"pipecd/pkg/model"
)

// Severity says whether a problem keeps the document from being used.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Problem is one thing that is wrong with a document, or worth saying about it.
type Problem struct {
	File     string
	Line     int    // 1-based; 0 when the problem is about the file as a whole
	Column   int    // 1-based, in characters; 0 together with Line
	Field    string // such as spec.pipeline.stages[2].with.metrics[0].interval; may be empty
	Message  string // what was expected and what was found
	Hint     string // what to do; may be empty
	Severity Severity
}

// String returns "file:line:column: field: message (hint)"; a warning says so
// before the field. Parts that are not known are left out.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	if p.Severity == SeverityWarning {
		b.WriteString("warning: ")
	}
	if p.Field != "" {
		b.WriteString(p.Field + ": ")
	}
	b.WriteString(p.Message)
	if p.Hint != "" {
		b.WriteString(" (" + p.Hint + ")")
	}
	return b.String()
}

// Problems are all problems of one document, sorted by position.
type Problems []Problem //nolint:errname // a list, and an error only when it is not empty

// Error returns one problem per line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Err returns the errors among the problems as one error with
// model.CodeInvalid, and nil when there are only warnings. errors.As finds the
// Problems in it.
func (ps Problems) Err() error {
	failed := ps.with(SeverityError)
	if len(failed) == 0 {
		return nil
	}
	return model.Wrap(model.CodeInvalid, failed, "")
}

// Warnings returns the problems that do not keep the document from being used.
func (ps Problems) Warnings() Problems {
	return ps.with(SeverityWarning)
}

func (ps Problems) with(s Severity) Problems {
	var out Problems
	for _, p := range ps {
		if p.Severity == s {
			out = append(out, p)
		}
	}
	return out
}

// maxProblems bounds what is kept of one document; a hostile file could
// otherwise make more text of problems than it holds itself.
const maxProblems = 200

// collector gathers the problems of one document.
type collector struct {
	file    string
	expects string // what an empty file lacks, when not a document of ours
	list    []*Problem
	skipped int // errors beyond maxProblems
	scrap   Problem
}

// report adds a problem and returns it, so that a hint can be attached.
func (c *collector) report(s Severity, at position, field, message string) *Problem {
	if len(c.list) >= maxProblems {
		if s == SeverityError {
			c.skipped++
		}
		c.scrap = Problem{}
		return &c.scrap
	}
	p := &Problem{File: c.file, Line: at.line, Column: at.column, Field: field, Message: message, Severity: s}
	c.list = append(c.list, p)
	return p
}

// hintf says what to do about the problem.
func (p *Problem) hintf(format string, args ...any) {
	p.Hint = fmt.Sprintf(format, args...)
}

// sorted returns the problems by position.
func (c *collector) sorted() Problems {
	if len(c.list) == 0 {
		return nil
	}
	out := make(Problems, 0, len(c.list)+1)
	for _, p := range c.list {
		out = append(out, *p)
	}
	slices.SortStableFunc(out, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if c.skipped > 0 {
		out = append(out, Problem{
			File: c.file, Severity: SeverityError,
			Message: fmt.Sprintf("and %d more errors; fix these first", c.skipped),
		})
	}
	return out
}

// failed reports whether an error was reported.
func (c *collector) failed() bool {
	return c.skipped > 0 || slices.ContainsFunc(c.list, func(p *Problem) bool { return p.Severity == SeverityError })
}

// quote shows a value from a file in a message: quoted, so that it cannot
// disturb a terminal, and short.
func quote(s string) string {
	const limit = 80
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
