package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"time"
)

// Decode reads a JSON 1.1 request into an SDK input. Members the shape does
// not have are ignored and null means absent, as AWS does; a member of the
// wrong type is a SerializationException that names its path.
func (n Names) Decode(body []byte, in any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return Errorf("SerializationException", "the body is not JSON: %v", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Errorf("SerializationException", "the body has more than one JSON value")
	}
	if _, ok := tree.(map[string]any); !ok {
		return Errorf("SerializationException", "the body is not a JSON object")
	}
	return n.assign(reflect.ValueOf(in).Elem(), tree, "")
}

func (n Names) assign(dst reflect.Value, src any, path string) error {
	if src == nil {
		return nil
	}
	switch dst.Kind() { // kinds that no AWS shape has are ignored like unknown members
	case reflect.Pointer:
		value := reflect.New(dst.Type().Elem())
		if err := n.assign(value.Elem(), src, path); err != nil {
			return err
		}
		dst.Set(value)
		return nil
	case reflect.Struct:
		return n.assignStruct(dst, src, path)
	case reflect.Slice:
		return n.assignSlice(dst, src, path)
	case reflect.Map:
		return n.assignMap(dst, src, path)
	case reflect.String, reflect.Bool:
		value := reflect.ValueOf(src)
		if value.Kind() != dst.Kind() || value.Type() == reflect.TypeFor[json.Number]() {
			return mismatch(dst, src, path)
		}
		dst.Set(value.Convert(dst.Type()))
		return nil
	case reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64:
		return assignNumber(dst, src, path)
	default:
		return nil
	}
}

func (n Names) assignStruct(dst reflect.Value, src any, path string) error {
	if dst.Type() == reflect.TypeFor[time.Time]() {
		number, ok := src.(json.Number)
		seconds, err := number.Float64()
		if !ok || err != nil || math.Abs(seconds) > 1e12 {
			return mismatch(dst, src, path)
		}
		whole, fraction := math.Modf(seconds)
		dst.Set(reflect.ValueOf(time.Unix(int64(whole), int64(fraction*float64(time.Second))).UTC()))
		return nil
	}
	object, ok := src.(map[string]any)
	if !ok {
		return mismatch(dst, src, path)
	}
	for member, value := range object {
		field, known := dst.Type().FieldByName(fieldName(member))
		if !known || !onWire(field) || n.member(field.Name) != member {
			continue
		}
		if err := n.assign(dst.FieldByIndex(field.Index), value, join(path, member)); err != nil {
			return err
		}
	}
	return nil
}

func (n Names) assignSlice(dst reflect.Value, src any, path string) error {
	if dst.Type().Elem().Kind() == reflect.Uint8 {
		text, ok := src.(string)
		blob, err := base64.StdEncoding.DecodeString(text)
		if !ok || err != nil {
			return mismatch(dst, src, path)
		}
		dst.SetBytes(blob)
		return nil
	}
	list, ok := src.([]any)
	if !ok {
		return mismatch(dst, src, path)
	}
	out := reflect.MakeSlice(dst.Type(), len(list), len(list))
	for i, item := range list {
		if err := n.assign(out.Index(i), item, fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	dst.Set(out)
	return nil
}

func (n Names) assignMap(dst reflect.Value, src any, path string) error {
	object, ok := src.(map[string]any)
	if !ok {
		return mismatch(dst, src, path)
	}
	out := reflect.MakeMapWithSize(dst.Type(), len(object))
	for key, item := range object {
		value := reflect.New(dst.Type().Elem()).Elem()
		if err := n.assign(value, item, join(path, key)); err != nil {
			return err
		}
		out.SetMapIndex(reflect.ValueOf(key).Convert(dst.Type().Key()), value)
	}
	dst.Set(out)
	return nil
}

func assignNumber(dst reflect.Value, src any, path string) error {
	number, ok := src.(json.Number)
	if !ok {
		return mismatch(dst, src, path)
	}
	if dst.CanInt() {
		whole, err := number.Int64()
		if err != nil || dst.OverflowInt(whole) {
			return mismatch(dst, src, path)
		}
		dst.SetInt(whole)
		return nil
	}
	float, err := number.Float64()
	if err != nil || dst.OverflowFloat(float) {
		return mismatch(dst, src, path)
	}
	dst.SetFloat(float)
	return nil
}

func mismatch(dst reflect.Value, src any, path string) error {
	return Errorf("SerializationException", "%s: %s cannot be read as %s", path, describe(src), dst.Kind())
}

func describe(src any) string {
	switch src.(type) {
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	case []any:
		return "a list"
	default:
		return "an object"
	}
}

func join(path, member string) string {
	if path == "" {
		return member
	}
	return path + "." + member
}
