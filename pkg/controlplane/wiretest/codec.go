package wiretest

import (
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Value is a message by the names of its fields. Texts are string, bytes []byte,
// numbers int64 (Encode also takes int and bool), messages Value, lists []any
// (Encode also takes []string and []Value), maps map[string]any (Encode also takes
// map[string]string). What is absent is the zero value.
type Value map[string]any

// Encode returns the message on the wire. It fails for a name that the table
// does not have and for a value of another type.
func (m *Message) Encode(v Value) ([]byte, error) {
	var out []byte
	for _, name := range slices.Sorted(maps.Keys(v)) {
		i := slices.IndexFunc(m.Fields, func(f Field) bool { return f.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("%s has no field %q", m.Name, name)
		}
		var err error
		if out, err = appendField(out, m.Fields[i].Number, m.Fields[i].Type, v[name]); err != nil {
			return nil, fmt.Errorf("%s.%s: %w", m.Name, name, err)
		}
	}
	return out, nil
}

func appendField(out []byte, number protowire.Number, t Type, v any) ([]byte, error) {
	switch t.kind {
	case kindText, kindBytes, kindMessage:
		content, err := contentOf(t, v)
		return protowire.AppendBytes(protowire.AppendTag(out, number, protowire.BytesType), content), err
	case kindNumber:
		n, err := numberOf(v)
		return protowire.AppendVarint(protowire.AppendTag(out, number, protowire.VarintType), uint64(n)), err // two's complement is the wire's
	case kindList:
		items, err := listOf(v)
		for _, item := range items {
			if err == nil {
				out, err = appendField(out, number, *t.item, item)
			}
		}
		return out, err
	default:
		entries, err := mapOf(v)
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			entry := Table("entry", F(1, "key", Text()), F(2, "value", *t.item))
			if err == nil {
				out, err = appendField(out, number, Of(entry), Value{"key": key, "value": entries[key]})
			}
		}
		return out, err
	}
}

func contentOf(t Type, v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		if t.kind == kindText {
			return []byte(v), nil
		}
	case []byte:
		if t.kind == kindBytes {
			return v, nil
		}
	case Value:
		if t.kind == kindMessage {
			return t.message.Encode(v)
		}
	}
	return nil, fmt.Errorf("a %T does not fit", v)
}

func numberOf(v any) (int64, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case int:
		return int64(v), nil
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	default:
		return 0, fmt.Errorf("a %T is no number", v)
	}
}

func listOf(v any) ([]any, error) {
	var out []any
	switch v := v.(type) {
	case []any:
		return v, nil
	case []string:
		for _, item := range v {
			out = append(out, item)
		}
	case []Value:
		for _, item := range v {
			out = append(out, item)
		}
	default:
		return nil, fmt.Errorf("a %T is no list", v)
	}
	return out, nil
}

func mapOf(v any) (map[string]any, error) {
	switch v := v.(type) {
	case map[string]any:
		return v, nil
	case map[string]string:
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[key] = item
		}
		return out, nil
	default:
		return nil, fmt.Errorf("a %T is no map", v)
	}
}

// Decode is the inverse of Encode. It fails for a field that the table does not
// have, and for one whose wire type is another.
func (m *Message) Decode(b []byte) (Value, error) {
	out := Value{}
	for len(b) > 0 {
		number, wire, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, fmt.Errorf("%s: %w", m.Name, protowire.ParseError(n))
		}
		b = b[n:]
		i := slices.IndexFunc(m.Fields, func(f Field) bool { return f.Number == number })
		if i < 0 {
			return nil, fmt.Errorf("%s has no field %d", m.Name, number)
		}
		f := m.Fields[i]
		n, err := f.decode(out, wire, b)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", m.Name, f.Name, err)
		}
		b = b[n:]
	}
	return out, nil
}

// decode adds what b begins with to out and returns its length.
func (f Field) decode(out Value, wire protowire.Type, b []byte) (int, error) {
	t := f.Type
	if t.kind == kindList {
		t = *t.item
	}
	if t.kind == kindMap {
		t = Of(Table("entry", F(1, "key", Text()), F(2, "value", *t.item)))
	}
	v, n, err := decodeOne(t, wire, b)
	if err != nil {
		return 0, err
	}
	switch f.Type.kind {
	case kindList:
		list, _ := out[f.Name].([]any)
		out[f.Name] = append(list, v)
	case kindMap:
		entry, _ := v.(Value)
		key, _ := entry["key"].(string)
		all, _ := out[f.Name].(map[string]any)
		if all == nil {
			all = map[string]any{}
		}
		if all[key] = entry["value"]; all[key] == nil {
			all[key] = f.Type.item.zero()
		}
		out[f.Name] = all
	default:
		out[f.Name] = v
	}
	return n, nil
}

func decodeOne(t Type, wire protowire.Type, b []byte) (any, int, error) {
	want := protowire.BytesType
	if t.kind == kindNumber {
		want = protowire.VarintType
	}
	if wire != want {
		return nil, 0, fmt.Errorf("the wire type is %d, not %d", wire, want)
	}
	if t.kind == kindNumber {
		v, n := protowire.ConsumeVarint(b)
		return int64(v), n, protowire.ParseError(min(n, 0)) // two's complement is the wire's
	}
	content, n := protowire.ConsumeBytes(b)
	if n < 0 {
		return nil, 0, protowire.ParseError(n)
	}
	switch t.kind {
	case kindText:
		return string(content), n, nil
	case kindBytes:
		return slices.Clone(content), n, nil
	default:
		v, err := t.message.Decode(content)
		return v, n, err
	}
}

func (t *Type) zero() any {
	switch t.kind {
	case kindText:
		return ""
	case kindNumber:
		return int64(0)
	default:
		return Value{}
	}
}
