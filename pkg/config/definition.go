package config

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// DecodeDefinition reads a file in the shape of a platform's API (an ECS service
// or task definition, YAML or JSON) into target, a pointer to a struct of the
// platform's own types. Its rules are more forgiving than those of our own
// documents, because such files are written by other tools too: keys match
// without regard to case, scalars are turned into the type that is needed, and
// null and "" mean absent. An unknown key is an error; a top-level key in
// ignored, given in lower case with what to say about it, is a warning.
//
// The checks run after target was filled, and name fields as the API spells
// them, such as containerDefinitions[0].name.
func DecodeDefinition(name string, data []byte, target any, ignored map[string]string, checks ...func(*Report)) Problems {
	c := &collector{file: name, expects: "a definition"}
	root := parse(c, data)
	if root == nil {
		return c.sorted()
	}
	d := &definitionDecoder{Report: newReport(c), ignored: ignored}
	if root.kind == kindNull {
		c.report(SeverityError, root.at, "", "expected a definition, found nothing")
		return c.sorted()
	}
	d.decode(root, reflect.ValueOf(target).Elem(), "")
	for _, check := range checks {
		check(&d.Report)
	}
	return c.sorted()
}

type definitionDecoder struct {
	Report

	ignored map[string]string
}

func (d *definitionDecoder) wrong(n *node, want, path string) {
	d.errorAt(n.at, path, "expected %s, found %s", want, n.describe())
	d.unreadable[path] = true
}

// decode sets v from n. Null, and "" for anything, leave v as it is.
func (d *definitionDecoder) decode(n *node, v reflect.Value, path string) {
	if n.kind == kindNull || (n.kind == kindString && n.text == "") {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		value := reflect.New(v.Type().Elem())
		d.decode(n, value.Elem(), path)
		v.Set(value)
	case reflect.Struct:
		d.decodeStruct(n, v, path)
	case reflect.Slice:
		d.decodeSlice(n, v, path)
	case reflect.Map:
		d.decodeMap(n, v, path)
	default:
		d.decodeScalar(n, v, path)
	}
}

func (d *definitionDecoder) decodeStruct(n *node, v reflect.Value, path string) {
	if n.kind != kindMapping {
		d.wrong(n, "a mapping", path)
		return
	}
	for _, e := range d.winners(n.entries, path, func(e entry) string { return d.match(e, v.Type(), path) }) {
		at := fieldPath(path, e.key)
		d.seen[at] = mark{key: e.at, value: e.value}
		d.decode(e.value, v.FieldByIndex(fieldMeant(v.Type(), e.key).Index), at)
	}
}

// match returns the name of the field that a key means, and "" after reporting
// why it has none.
func (d *definitionDecoder) match(e entry, t reflect.Type, path string) string {
	if note, ok := d.ignored[strings.ToLower(e.key)]; ok && path == "" {
		d.report(SeverityWarning, e.at, e.key, note)
		return ""
	}
	field := fieldMeant(t, e.key)
	if field == nil {
		d.report(SeverityError, e.at, fieldPath(path, e.key), "unknown field").hintf("%s", orNothing(didYouMean(e.key, fieldNames(t))))
		return ""
	}
	return keyOf(field.Name)
}

// fieldMeant returns the field that a key means in whatever case, nil for none.
func fieldMeant(t reflect.Type, key string) *reflect.StructField {
	f, ok := t.FieldByNameFunc(func(name string) bool { return strings.EqualFold(name, key) })
	if !ok || !f.IsExported() || f.Anonymous {
		return nil
	}
	return &f
}

// keyOf is how the API's documents spell a field of the SDK.
func keyOf(name string) string { return strings.ToLower(name[:1]) + name[1:] }

func orNothing(hint string) string {
	if hint == "" {
		return "the platform's API has no such field here"
	}
	return hint
}

// fieldNames are the keys a struct takes, as they are written in files.
func fieldNames(t reflect.Type) []string {
	var names []string
	for f := range t.Fields() {
		if f.IsExported() && !f.Anonymous {
			names = append(names, keyOf(f.Name))
		}
	}
	slices.Sort(names)
	return names
}

func (d *definitionDecoder) decodeSlice(n *node, v reflect.Value, path string) {
	if n.kind != kindSequence {
		d.wrong(n, "a list", path)
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		at := indexPath(path, i)
		d.seen[at] = mark{value: item}
		d.decode(item, out.Index(i), at)
	}
	v.Set(out)
}

func (d *definitionDecoder) decodeMap(n *node, v reflect.Value, path string) {
	if n.kind != kindMapping {
		d.wrong(n, "a mapping", path)
		return
	}
	out := reflect.MakeMapWithSize(v.Type(), len(n.entries))
	for _, e := range n.entries {
		value := reflect.New(v.Type().Elem()).Elem()
		at := fieldPath(path, e.key)
		d.seen[at] = mark{key: e.at, value: e.value}
		d.decode(e.value, value, at)
		out.SetMapIndex(reflect.ValueOf(e.key).Convert(v.Type().Key()), value)
	}
	v.Set(out)
}

func (d *definitionDecoder) decodeScalar(n *node, v reflect.Value, path string) {
	if n.kind == kindMapping || n.kind == kindSequence {
		d.wrong(n, scalarName(v.Kind()), path)
		return
	}
	text := n.text
	var err error
	switch v.Kind() {
	case reflect.String:
		d.decodeText(n, v, path)
	case reflect.Bool:
		var b bool
		if b, err = strconv.ParseBool(text); err == nil {
			v.SetBool(b)
		}
	case reflect.Int, reflect.Int32, reflect.Int64:
		err = setInteger(text, v)
	case reflect.Float32, reflect.Float64:
		var f float64
		if f, err = strconv.ParseFloat(text, 64); err == nil {
			v.SetFloat(f)
		}
	default:
		err = fmt.Errorf("unsupported %s", v.Kind())
	}
	if err != nil {
		d.wrong(n, scalarName(v.Kind()), path)
	}
}

// decodeText sets a string, and for the platform's enumerations checks the
// value against those that are known.
func (d *definitionDecoder) decodeText(n *node, v reflect.Value, path string) {
	v.SetString(n.text)
	method := v.MethodByName("Values")
	if !method.IsValid() {
		return
	}
	var known []string
	values := method.Call(nil)[0]
	for i := range values.Len() {
		known = append(known, values.Index(i).String())
	}
	if !slices.Contains(known, n.text) {
		d.report(SeverityWarning, n.at, path, "unknown value "+quote(n.text)).hintf("%s", "known: "+strings.Join(known, ", "))
	}
}

func setInteger(text string, v reflect.Value) error {
	i, err := strconv.ParseInt(text, 10, v.Type().Bits())
	if err != nil {
		f, floatErr := strconv.ParseFloat(text, 64)
		if floatErr != nil || f != math.Trunc(f) || math.Abs(f) > math.MaxInt32 {
			return err
		}
		i = int64(f)
	}
	v.SetInt(i)
	return nil
}

func scalarName(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "an integer"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return "a string"
	}
}
