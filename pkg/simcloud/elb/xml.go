package elb

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// namespace is the XML namespace of every ELBv2 answer (API version 2015-12-01).
const namespace = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"

// writer renders the SDK's own output structs as AWS query XML: a field is an
// element of its name, a list holds <member> elements, a map <entry> elements.
type writer struct{ bytes.Buffer }

// response renders the whole answer of one operation.
func response(operation, requestID string, output any) ([]byte, error) {
	var w writer
	w.open(operation + `Response xmlns="` + namespace + `"`)
	w.open(operation + "Result")
	if err := w.structFields(reflect.ValueOf(output).Elem()); err != nil {
		return nil, err
	}
	w.end(operation + "Result")
	w.open("ResponseMetadata")
	w.element("RequestId", requestID)
	w.end("ResponseMetadata")
	w.end(operation + "Response")
	return w.Bytes(), nil
}

func (w *writer) open(tag string) { w.WriteString("<" + tag + ">") }
func (w *writer) end(tag string)  { w.WriteString("</" + tag + ">") }

func (w *writer) element(name, text string) {
	w.open(name)
	// EscapeText fails only if the writer does, and a bytes.Buffer never does.
	_ = xml.EscapeText(w, []byte(text))
	w.end(name)
}

func (w *writer) structFields(v reflect.Value) error {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() || field.Anonymous || field.Name == "ResultMetadata" {
			continue
		}
		if err := w.value(field.Name, v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) value(name string, v reflect.Value) error {
	if t, ok := reflect.TypeAssert[time.Time](v); ok {
		w.element(name, t.UTC().Format("2006-01-02T15:04:05.000Z"))
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return w.value(name, v.Elem())
	case reflect.Struct:
		w.open(name)
		err := w.structFields(v)
		w.end(name)
		return err
	case reflect.Slice:
		return w.list(name, v)
	case reflect.Map:
		return w.mapping(name, v)
	case reflect.String:
		if v.String() != "" { // an unset enumeration
			w.element(name, v.String())
		}
	case reflect.Bool:
		w.element(name, strconv.FormatBool(v.Bool()))
	case reflect.Int32, reflect.Int64:
		w.element(name, strconv.FormatInt(v.Int(), 10))
	default:
		return fmt.Errorf("field %s has the unsupported kind %s", name, v.Kind())
	}
	return nil
}

func (w *writer) list(name string, v reflect.Value) error {
	if v.IsNil() {
		return nil
	}
	w.open(name)
	for i := range v.Len() {
		if err := w.value("member", v.Index(i)); err != nil {
			return err
		}
	}
	w.end(name)
	return nil
}

func (w *writer) mapping(name string, v reflect.Value) error {
	m, ok := reflect.TypeAssert[map[string]string](v)
	if !ok {
		return fmt.Errorf("field %s is not a map of strings", name)
	}
	if m == nil {
		return nil
	}
	w.open(name)
	for _, key := range sortedKeys(m) {
		w.open("entry")
		w.element("key", key)
		w.element("value", m[key])
		w.end("entry")
	}
	w.end(name)
	return nil
}
