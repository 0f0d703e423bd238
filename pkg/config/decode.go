package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// document is one document of ours while it is read.
type document struct {
	Report

	damaged map[string]bool // fields that an unreadable field belongs to
	lenient int             // above 0, an unknown field is only a warning
}

func newDocument(c *collector) *document {
	return &document{Report: newReport(c), damaged: map[string]bool{}}
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
	written := d.winners(n.entries, path, func(e entry) string { return d.match(e, fields, path) })
	for _, e := range written {
		if e.value.kind == kindNull {
			continue
		}
		f := fields[slices.IndexFunc(fields, func(f field) bool { return f.name == e.key })]
		at, value := fieldPath(path, f.name), target.FieldByIndex(f.index)
		d.seen[at] = mark{key: e.at, value: e.value}
		if d.decode(e.value, value, at) && f.rule.namesFile() && value.String() != "" {
			d.files = append(d.files, fileField{path: at, name: value.String(), secret: f.rule == ruleSecretFile})
		}
	}
	for _, f := range fields {
		if f.rule != ruleRequired || !target.FieldByIndex(f.index).IsZero() {
			continue
		}
		at := fieldPath(path, f.name)
		if _, given := d.seen[at]; given {
			d.Errorf(at, "must be neither empty nor 0")
		} else {
			d.Errorf(at, "is required")
		}
	}
	return true
}

// match returns the name of the field that a key means, and "" after reporting
// that there is none.
func (d *document) match(e entry, fields []field, path string) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		if f.name == e.key {
			return f.name
		}
		names[i] = f.name
	}
	for _, name := range names {
		if strings.EqualFold(name, e.key) {
			d.warnAt(e.at, fieldPath(path, e.key), "the field is spelled %s", name)
			return name
		}
	}
	severity, message := SeverityError, "unknown field"
	if d.lenient > 0 {
		severity, message = SeverityWarning, "unknown field, it is ignored"
	}
	d.report(severity, e.at, fieldPath(path, e.key), message).hintf("%s", didYouMean(e.key, names))
	return ""
}

// fieldRule is what the tag `config:"..."` says of a field.
type fieldRule string

// The rules.
const (
	ruleRequired   fieldRule = "required"   // its absence is an error
	ruleFile       fieldRule = "file"       // it names a file that must be there
	ruleSecretFile fieldRule = "secretfile" // and that only some may read
)

func (r fieldRule) namesFile() bool { return r == ruleFile || r == ruleSecretFile }

// field is one field of a struct as a document names it.
type field struct {
	name  string
	index []int
	rule  fieldRule
}

// fieldsOf returns the fields of a struct in order, those of embedded structs
// included. The tag `yaml:"name"` names a field.
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
			out = append(out, field{name: name, index: f.Index, rule: fieldRule(f.Tag.Get("config"))})
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
