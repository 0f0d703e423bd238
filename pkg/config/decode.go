package config

import (
	"fmt"
	"reflect"
	"strings"
)

// document is one document while it is read: its problems, and where each of
// its fields stood.
type document struct {
	*collector

	seen       map[string]mark
	unreadable map[string]bool // fields whose value was reported and not taken
	damaged    map[string]bool // fields that an unreadable field belongs to
	lenient    int             // above 0, an unknown field is only a warning
}

// mark is where a field stands; a field that is null is not marked.
type mark struct {
	key   position // of the field's name; zero for an item of a list
	value *node
}

// nodeDecoder is implemented by types that read their node themselves. It
// returns false after reporting a problem.
type nodeDecoder interface {
	decodeNode(doc *document, n *node, path string) bool
}

// enum is implemented by string types that allow only some values.
type enum interface {
	allowed() []string
}

// defaulter is implemented by structs that have defaults other than the zero
// value, where an explicit zero value must be kept. It is called before the
// fields are read.
type defaulter interface {
	setDefaults()
}

// decode lays the node into target. It returns false when it reported an error
// about this very value; problems below it are reported but do not matter here.
func (d *document) decode(n *node, target reflect.Value, path string) bool {
	ok := d.decodeAny(n, target, path)
	if !ok {
		d.markUnreadable(path)
	}
	return ok
}

func (d *document) markUnreadable(path string) {
	d.unreadable[path] = true
	d.damaged[parentPath(path)] = true
}

func (d *document) decodeAny(n *node, target reflect.Value, path string) bool {
	if own, ok := reflect.TypeAssert[nodeDecoder](target.Addr()); ok {
		return own.decodeNode(d, n, path)
	}
	if n.kind == kindMapping || n.kind == kindSequence || target.Kind() == reflect.Struct {
		return d.decodeTree(n, target, path)
	}
	return d.decodeScalar(n, target, path)
}

func (d *document) decodeTree(n *node, target reflect.Value, path string) bool {
	switch {
	case target.Type() == reflect.TypeFor[*node]():
		target.Set(reflect.ValueOf(n))
		return true
	case target.Kind() == reflect.Pointer:
		return d.decodePointer(n, target, path)
	case target.Kind() == reflect.Struct && n.kind == kindMapping:
		return d.decodeStruct(n, target, path)
	case target.Kind() == reflect.Map && n.kind == kindMapping:
		return d.decodeMap(n, target, path)
	case target.Kind() == reflect.Slice && n.kind == kindSequence:
		return d.decodeSlice(n, target, path)
	case target.Kind() == reflect.Interface:
		target.Set(reflect.ValueOf(n.native()))
		return true
	default:
		d.mismatch(n, target, path)
		return false
	}
}

func (d *document) decodePointer(n *node, target reflect.Value, path string) bool {
	if target.IsNil() {
		target.Set(reflect.New(target.Type().Elem()))
	}
	ok := d.decode(n, target.Elem(), path)
	if !ok {
		target.SetZero()
	}
	return ok
}

func (d *document) decodeSlice(n *node, target reflect.Value, path string) bool {
	out := reflect.MakeSlice(target.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		at := indexPath(path, i)
		if item.kind == kindNull {
			d.errorAt(position{max(item.at.line, n.at.line), max(item.at.column, 1)}, at, "expected %s, found nothing", expectation(out.Index(i)))
			d.markUnreadable(at)
			continue
		}
		d.seen[at] = mark{value: item}
		d.decode(item, out.Index(i), at)
	}
	target.Set(out)
	return true
}

func (d *document) decodeMap(n *node, target reflect.Value, path string) bool {
	out := reflect.MakeMapWithSize(target.Type(), len(n.entries))
	for _, e := range n.entries {
		value := reflect.New(target.Type().Elem()).Elem()
		at := fieldPath(path, e.key)
		if e.value.kind == kindNull {
			continue
		}
		d.seen[at] = mark{key: e.at, value: e.value}
		d.decode(e.value, value, at)
		out.SetMapIndex(reflect.ValueOf(e.key).Convert(target.Type().Key()), value)
	}
	target.Set(out)
	return true
}

// decodeStruct reads the fields of a mapping.
func (d *document) decodeStruct(n *node, target reflect.Value, path string) bool {
	if own, ok := reflect.TypeAssert[defaulter](target.Addr()); ok {
		own.setDefaults()
	}
	fields := fieldsOf(target.Type())
	for _, e := range n.entries {
		f, ok := d.match(e, fields, path)
		if !ok || e.value.kind == kindNull {
			continue
		}
		at := fieldPath(path, f.name)
		if first, twice := d.seen[at]; twice {
			d.warnAt(e.at, at, "the field is given twice, on line %d and on line %d; the last value is used", first.key.line, e.at.line).
				hint("delete one of them")
		}
		d.seen[at] = mark{key: e.at, value: e.value}
		d.decode(e.value, target.FieldByIndex(f.index), at)
	}
	for _, f := range fields {
		if !f.required || !target.FieldByIndex(f.index).IsZero() {
			continue
		}
		at := fieldPath(path, f.name)
		if _, given := d.seen[at]; given {
			d.errorf(at, "must be neither empty nor 0")
		} else {
			d.errorf(at, "is required")
		}
	}
	return true
}

// match finds the field that a key means.
func (d *document) match(e entry, fields []field, path string) (field, bool) {
	names := make([]string, len(fields))
	for i, f := range fields {
		if f.name == e.key {
			return f, true
		}
		names[i] = f.name
	}
	for _, f := range fields {
		if strings.EqualFold(f.name, e.key) {
			d.warnAt(e.at, fieldPath(path, e.key), "the field is spelled %s", f.name)
			return f, true
		}
	}
	severity, message := SeverityError, "unknown field"
	if d.lenient > 0 {
		severity, message = SeverityWarning, "unknown field, it is ignored"
	}
	d.report(severity, e.at, fieldPath(path, e.key), message).hint("%s", didYouMean(e.key, names))
	return field{}, false
}

// field is one field of a struct as a document names it.
type field struct {
	name     string
	index    []int
	required bool
}

// fieldsOf returns the fields of a struct in order, those of embedded structs
// included. The tag `yaml:"name"` names a field, `config:"required"` makes its
// absence an error.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case f.Anonymous:
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{f.Index[0]}, inner.index...)
				out = append(out, inner)
			}
		case name != "" && name != "-":
			out = append(out, field{name: name, index: f.Index, required: f.Tag.Get("config") == "required"})
		}
	}
	return out
}

// expectation says what a target takes.
func expectation(target reflect.Value) string {
	t := target.Type()
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return string(kindMapping)
	case reflect.Slice:
		return string(kindSequence)
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return string(kindInt)
	case reflect.Float64:
		return string(kindFloat)
	default:
		return string(kindString)
	}
}

func (d *document) mismatch(n *node, target reflect.Value, path string) *Problem {
	return d.errorAt(n.at, path, "expected %s, found %s", expectation(target), n.describe())
}

// describe says what a node is, for a message.
func (n *node) describe() string {
	switch n.kind {
	case kindNull, kindMapping, kindSequence:
		return string(n.kind)
	case kindString:
		return "the string " + quote(n.text)
	case kindBool, kindInt, kindFloat:
		return strings.TrimPrefix(strings.TrimPrefix(string(n.kind), "an "), "a ") + " " + n.text
	default:
		return fmt.Sprintf("%v", n.kind)
	}
}
