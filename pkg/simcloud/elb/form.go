package elb

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// maxMembers bounds a list in a request; no operation takes a longer one.
const maxMembers = 1000

// form is a request of the AWS query protocol: dotted paths such as
// "Actions.member.1.ForwardConfig.TargetGroups.member.2.Weight". It remembers
// which parameters were read, so that a parameter nobody reads is an error.
type form struct {
	values url.Values
	used   map[string]bool
}

func newForm(values url.Values) *form {
	return &form{values: values, used: map[string]bool{"Action": true, "Version": true}}
}

// decode fills the SDK's own input struct: its field names are the wire's
// parameter names.
func (f *form) decode(input any) error {
	if err := f.structFields("", reflect.ValueOf(input).Elem()); err != nil {
		return err
	}
	for key := range f.values {
		if !f.used[key] {
			return invalid("parameter %s is not known to this operation", key)
		}
	}
	return nil
}

func (f *form) structFields(prefix string, v reflect.Value) error {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() || field.Anonymous {
			continue
		}
		if err := f.value(prefix+field.Name, v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

// present reports whether the parameter itself or anything below it was sent.
func (f *form) present(path string) bool {
	if _, ok := f.values[path]; ok {
		return true
	}
	for key := range f.values {
		if strings.HasPrefix(key, path+".") {
			return true
		}
	}
	return false
}

func (f *form) value(path string, v reflect.Value) error {
	if !f.present(path) {
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return f.value(path, v.Elem())
	case reflect.Struct:
		f.used[path] = true
		return f.structFields(path+".", v)
	case reflect.Slice:
		return f.list(path, v)
	case reflect.Map:
		return f.mapping(path, v)
	default:
		f.used[path] = true
		return scalar(path, f.values.Get(path), v)
	}
}

func scalar(path, text string, v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return invalid("%s must be true or false, not %q", path, text)
		}
		v.SetBool(b)
	case reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return invalid("%s must be a whole number, not %q", path, text)
		}
		v.SetInt(n)
	default:
		return fmt.Errorf("parameter %s has the unsupported kind %s", path, v.Kind())
	}
	return nil
}

// list reads path.member.1, path.member.2, …; "path=" alone is the empty list.
func (f *form) list(path string, v reflect.Value) error {
	f.used[path] = true
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	for n := 1; ; n++ {
		member := path + ".member." + strconv.Itoa(n)
		if !f.present(member) {
			return nil
		}
		if n > maxMembers {
			return invalid("%s has more than %d members", path, maxMembers)
		}
		item := reflect.New(v.Type().Elem()).Elem()
		if err := f.value(member, item); err != nil {
			return err
		}
		v.Set(reflect.Append(v, item))
	}
}

// mapping reads path.entry.N.key and path.entry.N.value.
func (f *form) mapping(path string, v reflect.Value) error {
	f.used[path] = true
	v.Set(reflect.MakeMap(v.Type()))
	for n := 1; ; n++ {
		entry := path + ".entry." + strconv.Itoa(n)
		if !f.present(entry) {
			return nil
		}
		if n > maxMembers {
			return invalid("%s has more than %d entries", path, maxMembers)
		}
		f.used[entry+".key"], f.used[entry+".value"] = true, true
		key, value := f.values.Get(entry+".key"), f.values.Get(entry+".value")
		v.SetMapIndex(reflect.ValueOf(key), reflect.ValueOf(value))
	}
}

// sortedKeys returns the keys of a string map in order, for a stable answer.
func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
