package webapi

import "errors"

// InField says which field of the request an error is about, as its name in the
// contract. nil stays nil.
func InField(field string, err error) error {
	if err == nil {
		return nil
	}
	return fieldError{error: err, field: field}
}

type fieldError struct {
	error

	field string
}

func (e fieldError) Unwrap() error { return e.error }

// FieldOf returns the field that err is about, "" when it is about none.
func FieldOf(err error) string {
	if e, ok := errors.AsType[fieldError](err); ok {
		return e.field
	}
	return ""
}
