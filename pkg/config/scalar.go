package config

import (
	"math"
	"reflect"
	"slices"
	"strings"
)

// decodeScalar reads a scalar into a string, a boolean or a number.
func (d *document) decodeScalar(n *node, target reflect.Value, path string) bool {
	switch target.Kind() {
	case reflect.String:
		return d.decodeString(n, target, path)
	case reflect.Bool:
		return d.decodeBool(n, target, path)
	case reflect.Int:
		if n.kind != kindInt || n.integer > math.MaxInt32 || n.integer < math.MinInt32 {
			d.mismatchedNumber(n, target, path)
			return false
		}
		target.SetInt(n.integer)
		return true
	case reflect.Float64:
		if (n.kind != kindInt && n.kind != kindFloat) || math.IsInf(n.float, 0) || math.IsNaN(n.float) {
			d.mismatchedNumber(n, target, path)
			return false
		}
		target.SetFloat(n.float)
		return true
	default:
		return d.decodeTree(n, target, path)
	}
}

func (d *document) mismatchedNumber(n *node, target reflect.Value, path string) {
	p := d.mismatch(n, target, path)
	switch {
	case n.kind == kindString && !n.plain && floatPattern.MatchString(n.text):
		p.hintf("remove the quotes")
	case n.kind == kindInt, target.Kind() == reflect.Float64 && n.kind == kindFloat:
		p.hintf("the number is out of range")
	}
}

func (d *document) decodeString(n *node, target reflect.Value, path string) bool {
	if n.kind != kindString {
		d.mismatch(n, target, path).hintf("put it in quotes: %s", quote(n.text))
		return false
	}
	e, isEnum := reflect.TypeAssert[enum](target)
	if isEnum && n.text == "" {
		return true // as good as absent
	}
	if isEnum && !slices.Contains(e.allowed(), n.text) {
		p := d.errorAt(n.at, path, "expected one of %s, found %s", strings.Join(e.allowed(), ", "), quote(n.text))
		if best := Nearest(n.text, e.allowed()); best != "" {
			p.hintf("did you mean %s?", best)
		}
		return false
	}
	target.SetString(n.text)
	return true
}

// decodeBool reads true and false, and the words of YAML 1.1 with a warning.
func (d *document) decodeBool(n *node, target reflect.Value, path string) bool {
	word := strings.ToLower(n.text)
	switch {
	case n.kind == kindBool:
		target.SetBool(word == "true")
		return true
	case n.kind == kindString && n.plain && slices.Contains([]string{"yes", "on", "no", "off"}, word):
		value := word == "yes" || word == "on"
		d.warnAt(n.at, path, "%s is read as %t", n.text, value).hintf("write %t", value)
		target.SetBool(value)
		return true
	default:
		p := d.mismatch(n, target, path)
		if n.kind == kindString && (word == "true" || word == "false") {
			p.hintf("remove the quotes")
		}
		return false
	}
}

// native returns the node as plain Go values: map[string]any, []any, string,
// bool, int64, float64 and nil.
func (n *node) native() any {
	switch n.kind {
	case kindMapping:
		out := make(map[string]any, len(n.entries))
		for _, e := range n.entries {
			out[e.key] = e.value.native()
		}
		return out
	case kindSequence:
		out := make([]any, len(n.items))
		for i, item := range n.items {
			out[i] = item.native()
		}
		return out
	case kindString:
		return n.text
	case kindBool:
		return strings.EqualFold(n.text, "true")
	case kindInt:
		return n.integer
	case kindFloat:
		return n.float
	case kindNull:
		return nil
	default:
		return nil
	}
}
