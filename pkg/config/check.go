package config

import (
	"fmt"
	"time"
)

// errorf reports an error about the field at path, at the position of the
// nearest field above it when it is absent. A field that could not be read was
// reported already, so it is left alone.
func (d *document) errorf(path, format string, args ...any) *Problem {
	if d.isUnreadable(path) {
		return &Problem{}
	}
	return d.report(SeverityError, d.where(path), path, fmt.Sprintf(format, args...))
}

// warnf is errorf for a warning.
func (d *document) warnf(path, format string, args ...any) *Problem {
	if d.isUnreadable(path) {
		return &Problem{}
	}
	return d.report(SeverityWarning, d.where(path), path, fmt.Sprintf(format, args...))
}

func (d *document) errorAt(at position, path, format string, args ...any) *Problem {
	return d.report(SeverityError, at, path, fmt.Sprintf(format, args...))
}

func (d *document) warnAt(at position, path, format string, args ...any) *Problem {
	return d.report(SeverityWarning, at, path, fmt.Sprintf(format, args...))
}

// isUnreadable reports whether the field or one that it belongs to could not be
// read.
func (d *document) isUnreadable(path string) bool {
	for ; path != ""; path = parentPath(path) {
		if d.unreadable[path] {
			return true
		}
	}
	return false
}

// has reports whether the document has the field. As always, an empty string is
// as good as no field.
func (d *document) has(path string) bool {
	m, ok := d.seen[path]
	return ok && (m.value.kind != kindString || m.value.text != "")
}

// where returns the position of a field: of its value when that is a scalar,
// else of its name; for an absent field that of the field it belongs to.
func (d *document) where(path string) position {
	for ; path != ""; path = parentPath(path) {
		m, ok := d.seen[path]
		if !ok {
			continue
		}
		if m.key.line > 0 && (m.value.kind == kindMapping || m.value.kind == kindSequence) {
			return m.key
		}
		return m.value.at
	}
	return position{1, 1}
}

// durationDefault makes a zero duration the default, as it always was, and
// warns when the zero was written out.
func (d *document) durationDefault(path string, v *Duration, def time.Duration) {
	if *v != 0 {
		return
	}
	*v = Duration(def)
	if d.has(path) {
		d.warnf(path, "0 means the default, %s", v).hint("write the duration you want, or remove the field")
	}
}

// stringDefault makes an empty string the default.
func stringDefault[T ~string](v *T, def T) {
	if *v == "" {
		*v = def
	}
}

// exactlyOne checks that one of two fields is given.
func (d *document) exactlyOne(parent, a, b string) {
	switch hasA, hasB := d.has(fieldPath(parent, a)), d.has(fieldPath(parent, b)); {
	case hasA && hasB:
		d.errorf(fieldPath(parent, b), "expected %s or %s, found both", a, b).hint("remove one of them")
	case !hasA && !hasB:
		d.errorf(fieldPath(parent, a), "expected %s or %s, found neither", a, b)
	}
}

// atMostOne checks that not both of two fields are given.
func (d *document) atMostOne(parent, a, b string) {
	if d.has(fieldPath(parent, a)) && d.has(fieldPath(parent, b)) {
		d.errorf(fieldPath(parent, b), "expected %s or %s, found both", a, b).hint("remove one of them")
	}
}

// base64 checks a secret that must be base64.
func (d *document) base64(path string, s Secret) {
	if _, err := s.DecodeBase64(); err != nil {
		d.errorf(path, "expected base64, found something else").hint("encode the content with base64, or use the field that names a file")
	}
}

// notNegative checks a number.
func (d *document) notNegative(path string, v int) {
	if v < 0 {
		d.errorf(path, "expected 0 or more, found %d", v)
	}
}

// unique reports an error when key was used before, by the item at another path.
func (d *document) unique(used map[string]string, key, path string) {
	if first, ok := used[key]; ok {
		d.errorf(path, "%s is already used by %s (line %d)", quote(key), first, d.where(first).line)
		return
	}
	used[key] = path
}
