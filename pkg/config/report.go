package config

import (
	"fmt"
	"slices"
)

// Report is what is known of a document while it is checked: its problems, and
// where each of its fields stands. A Check adds problems to it.
type Report struct {
	*collector

	seen       map[string]mark
	unreadable map[string]bool // fields whose value was reported and not taken
	files      []fileField     // the files that the document names
}

// Check is a rule that the user of a document has, such as a choice that its
// program does not support. It runs after the document's own rules, also when
// those were broken, so that all problems are told at once; fields that could
// not be read have their zero value then.
type Check[T any] func(spec *T, r *Report)

// mark is where a field stands; a field that is null is not marked.
type mark struct {
	key   position // of the field's name; zero for an item of a list
	value *node
}

func newReport(c *collector) Report {
	return Report{collector: c, seen: map[string]mark{}, unreadable: map[string]bool{}}
}

// Errorf reports an error about the field at path, such as
// spec.pipeline.stages[2].name, at the field's position, or at that of the
// nearest field above it when it is absent. A field that could not be read was
// reported already, so it is left alone. The result may be given a Hint.
func (r *Report) Errorf(path, format string, args ...any) *Problem {
	if r.isUnreadable(path) {
		return &Problem{}
	}
	return r.report(SeverityError, r.where(path), path, fmt.Sprintf(format, args...))
}

// Warnf is Errorf for a warning.
func (r *Report) Warnf(path, format string, args ...any) *Problem {
	if r.isUnreadable(path) {
		return &Problem{}
	}
	return r.report(SeverityWarning, r.where(path), path, fmt.Sprintf(format, args...))
}

func (r *Report) errorAt(at position, path, format string, args ...any) *Problem {
	return r.report(SeverityError, at, path, fmt.Sprintf(format, args...))
}

func (r *Report) warnAt(at position, path, format string, args ...any) *Problem {
	return r.report(SeverityWarning, at, path, fmt.Sprintf(format, args...))
}

// Reported reports whether an error about the field at path was reported, so
// that another Check need not look at it.
func (r *Report) Reported(path string) bool {
	return r.isUnreadable(path) || slices.ContainsFunc(r.list, func(p *Problem) bool { return p.Field == path && p.Severity == SeverityError })
}

// isUnreadable reports whether the field or one that it belongs to could not be
// read.
func (r *Report) isUnreadable(path string) bool {
	for ; path != ""; path = parentPath(path) {
		if r.unreadable[path] {
			return true
		}
	}
	return false
}

// has reports whether the document has the field. As always, an empty string is
// as good as no field.
func (r *Report) has(path string) bool {
	m, ok := r.seen[path]
	return ok && (m.value.kind != kindString || m.value.text != "")
}

// where returns the position of a field: of its value when that is a scalar,
// else of its name; for an absent field that of the field it belongs to.
func (r *Report) where(path string) position {
	for ; path != ""; path = parentPath(path) {
		m, ok := r.seen[path]
		if !ok {
			continue
		}
		if k := m.value.kind; m.key.line > 0 && (k == kindMapping || k == kindSequence || k == kindNull) {
			return m.key
		}
		return m.value.at
	}
	return position{1, 1}
}

// winners returns the entries of a mapping that count, under the names that
// canonical gives them; "" drops an entry. Of several spellings of one name the
// last one wins, as with a key that is simply given twice, and is warned about.
func (r *Report) winners(entries []entry, path string, canonical func(entry) string) []entry {
	out := make([]entry, 0, len(entries))
	index := make(map[string]int, len(entries))
	for _, e := range entries {
		name := canonical(e)
		if name == "" {
			continue
		}
		i, again := index[name]
		switch e.key = name; {
		case !again:
			index[name] = len(out)
			out = append(out, e)
		case !e.merged: // what is merged in yields to what is written out
			r.warnAt(e.at, fieldPath(path, name), "the field is given twice, on line %d and on line %d; the last value is used", out[i].at.line, e.at.line).
				hintf("delete one of them")
			out[i] = e
		}
	}
	return out
}
