package config

import (
	"time"

	"pipecd/pkg/model"
)

// durationDefault makes a zero duration the default, as it always was, and
// warns when the zero was written out.
func (d *document) durationDefault(path string, v *Duration, def time.Duration) {
	if *v != 0 {
		return
	}
	*v = Duration(def)
	if d.has(path) {
		d.Warnf(path, "0 means the default, %s", v).hintf("write the duration you want, or remove the field")
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
		d.Errorf(fieldPath(parent, b), "expected %s or %s, found both", a, b).hintf("remove one of them")
	case !hasA && !hasB:
		d.Errorf(fieldPath(parent, a), "expected %s or %s, found neither", a, b)
	}
}

// atMostOne checks that not both of two fields are given.
func (d *document) atMostOne(parent, a, b string) {
	if d.has(fieldPath(parent, a)) && d.has(fieldPath(parent, b)) {
		d.Errorf(fieldPath(parent, b), "expected %s or %s, found both", a, b).hintf("remove one of them")
	}
}

// base64 checks a secret that must be base64.
func (d *document) base64(path string, s Secret) {
	if _, err := s.DecodeBase64(); err != nil {
		d.Errorf(path, "expected base64, found something else").hintf("encode the content with base64, or use the field that names a file")
	}
}

// notNegative checks a number.
func (d *document) notNegative(path string, v int) {
	if v < 0 {
		d.Errorf(path, "expected 0 or more, found %d", v)
	}
}

// unique reports an error when key was used before, by the item at another path.
func (d *document) unique(used map[string]string, key, path string) {
	if first, ok := used[key]; ok {
		d.Errorf(path, "%s is already used by %s (line %d)", quote(key), first, d.where(first).line)
		return
	}
	used[key] = path
}

// identifier checks the id of a project or an agent. An absent one is for the
// field's own rule to tell.
func (d *document) identifier(path, id string) {
	if id == "" {
		return
	}
	if err := model.ValidateID("the id", id); err != nil {
		d.Errorf(path, "%s; found %s", err, quote(id))
	}
}
