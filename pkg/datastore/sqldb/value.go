package sqldb

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"pipecd/pkg/model"
)

// maxDocument is the most bytes of one row's document; it leaves room in the
// 16 MiB packet that MariaDB takes by default.
const maxDocument = 8 << 20

// toMicros returns t as it is stored: microseconds since 1970 UTC, 0 for the
// zero time.
func toMicros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// fromMicros is the inverse of toMicros.
func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// encode returns the document of a row. what names the row in the sentence
// that refuses a value which would not come back as it went in.
func encode(what string, doc any) (string, error) {
	size, err := textSize(what, reflect.ValueOf(doc))
	if err != nil {
		return "", err
	}
	var b []byte
	if size <= maxDocument { // else do not even try
		if b, err = json.Marshal(doc); err != nil {
			return "", model.Wrap(model.CodeInternal, err, "encoding "+what)
		}
	}
	if size = max(size, len(b)); size > maxDocument {
		return "", model.Errorf(model.CodeInvalid, "%s would take %d bytes; at most %d are kept", what, size, maxDocument)
	}
	return string(b), nil
}

func decode(what, data string, doc any) error {
	if err := json.Unmarshal([]byte(data), doc); err != nil {
		return model.Wrap(model.CodeInternal, err, "the stored "+what+" is damaged")
	}
	return nil
}

// textSize returns how many bytes of text v has, and refuses text that is not
// UTF-8: encoding/json would replace the bytes without a word.
func textSize(what string, v reflect.Value) (int, error) {
	switch v.Kind() {
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			return 0, model.Errorf(model.CodeInvalid, "%s contains text that is not UTF-8, which cannot be stored", what)
		}
		return v.Len(), nil
	case reflect.Pointer:
		if v.IsNil() {
			return 0, nil
		}
		return textSize(what, v.Elem())
	default:
		return partsSize(what, v)
	}
}

// partsSize adds up the parts of what has parts; numbers and flags have none.
func partsSize(what string, v reflect.Value) (int, error) {
	total := 0
	add := func(part reflect.Value) error {
		n, err := textSize(what, part)
		total += n
		return err
	}
	var errs []error
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			errs = append(errs, add(field))
		}
	case reflect.Slice:
		for i := range v.Len() {
			errs = append(errs, add(v.Index(i)))
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			errs = append(errs, add(it.Key()), add(it.Value()))
		}
	default:
	}
	return total, cmp.Or(errs...)
}

// column is the text of a key column and what a person calls it.
type column struct{ name, value string }

// checkColumns refuses text that a key column would cut or confuse.
func checkColumns(what string, columns ...column) error {
	for _, c := range columns {
		if c.name == "id" && c.value == "" {
			return model.Errorf(model.CodeInvalid, "%s has no id", strings.TrimSpace(what))
		}
		if len(c.value) > model.MaxNameLength {
			return model.Errorf(model.CodeInvalid, "%s has a %s of %d bytes; at most %d are kept", what, c.name, len(c.value), model.MaxNameLength)
		}
		if strings.ContainsRune(c.value, 0) || !utf8.ValidString(c.value) {
			return model.Errorf(model.CodeInvalid, "%s has a %s that is not plain text: %q", what, c.name, c.value)
		}
	}
	return nil
}

// digest turns text of any length into a key of 64 characters that an index
// can hold. The lengths keep ("a","bc") and ("ab","c") apart.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil))
}

// mapSlice converts every element; an empty slice becomes nil.
func mapSlice[A, B any](in []A, convert func(A) B) []B {
	if len(in) == 0 {
		return nil
	}
	out := make([]B, len(in))
	for i, v := range in {
		out[i] = convert(v)
	}
	return out
}
