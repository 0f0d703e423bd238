package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Encode writes an SDK type as JSON 1.1. Nil pointers, nil slices and empty
// enumerations are left out; numbers and booleans are always written, as AWS
// writes counters that are zero.
func (n Names) Encode(v any) ([]byte, error) {
	var out bytes.Buffer
	if err := n.encodeValue(&out, reflect.ValueOf(v)); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (n Names) encodeValue(out *bytes.Buffer, v reflect.Value) error {
	switch v.Kind() { // kinds that no AWS shape has fall to the error
	case reflect.Pointer, reflect.Interface:
		return n.encodeValue(out, v.Elem())
	case reflect.Struct:
		if at, ok := reflect.TypeAssert[time.Time](v); ok {
			const millis = 1e3
			out.WriteString(strconv.FormatFloat(float64(at.UnixMilli())/millis, 'f', 3, 64))
			return nil
		}
		return n.encodeStruct(out, v)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return encodePlain(out, base64.StdEncoding.EncodeToString(v.Bytes()))
		}
		return n.encodeList(out, v)
	case reflect.Map:
		return n.encodeMap(out, v)
	case reflect.String, reflect.Bool, reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64:
		return encodePlain(out, v.Interface())
	default:
		return fmt.Errorf("wire: no JSON form for %s", v.Type())
	}
}

func (n Names) encodeStruct(out *bytes.Buffer, v reflect.Value) error {
	out.WriteByte('{')
	first := true
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !onWire(field) || absent(v.Field(i)) {
			continue
		}
		if !first {
			out.WriteByte(',')
		}
		first = false
		if err := encodePlain(out, n.member(field.Name)); err != nil {
			return err
		}
		out.WriteByte(':')
		if err := n.encodeValue(out, v.Field(i)); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	return nil
}

func (n Names) encodeList(out *bytes.Buffer, v reflect.Value) error {
	out.WriteByte('[')
	for i := range v.Len() {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := n.encodeValue(out, v.Index(i)); err != nil {
			return err
		}
	}
	out.WriteByte(']')
	return nil
}

func (n Names) encodeMap(out *bytes.Buffer, v reflect.Value) error {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	out.WriteByte('{')
	for i, key := range keys {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := encodePlain(out, key.String()); err != nil {
			return err
		}
		out.WriteByte(':')
		if err := n.encodeValue(out, v.MapIndex(key)); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	return nil
}

func encodePlain(out *bytes.Buffer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("wire: encode %T: %w", v, err)
	}
	out.Write(text)
	return nil
}

// onWire reports whether a field of an SDK struct is a member of the shape.
func onWire(field reflect.StructField) bool {
	return field.IsExported() && !field.Anonymous && field.Name != "ResultMetadata"
}

func absent(v reflect.Value) bool {
	switch v.Kind() { // every other kind is always present
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		return v.IsNil()
	case reflect.String: // enumerations are plain strings; everything else is a pointer
		return v.Len() == 0
	default:
		return false
	}
}

func fieldName(member string) string {
	if member == "" {
		return ""
	}
	return strings.ToUpper(member[:1]) + member[1:]
}
