package filestore

import (
	"strings"
	"unicode/utf8"

	"pipecd/pkg/model"
)

// Limits of a path, in bytes: those of S3 for the whole and of file systems
// for one element.
const (
	MaxPathLength    = 1024
	MaxElementLength = 255
)

// MaxListLimit is the most paths one List returns.
const MaxListLimit = 1000

// CheckPath refuses a path that names no object: one that is empty, absolute or
// too long, has an empty element, "." or "..", a backslash, a control
// character, or bytes that are not UTF-8. The error is model.CodeInvalid.
func CheckPath(path string) error {
	if path == "" {
		return model.Errorf(model.CodeInvalid, "the path of an object is empty")
	}
	if err := checkText(path); err != nil {
		return err
	}
	for element := range strings.SplitSeq(path, "/") {
		if element == "" || element == "." || element == ".." || len(element) > MaxElementLength {
			return model.Errorf(model.CodeInvalid,
				"the object path %q must be relative, and each part between slashes a name of at most %d bytes other than . and ..", path, MaxElementLength)
		}
	}
	return nil
}

// CheckList refuses a prefix that no path can begin with, and a limit out of
// range. The error is model.CodeInvalid.
func CheckList(prefix string, limit int) error {
	if limit < 1 || limit > MaxListLimit {
		return model.Errorf(model.CodeInvalid, "a list of objects has 1 to %d paths, not %d", MaxListLimit, limit)
	}
	if slash := strings.LastIndexByte(prefix, '/'); slash >= 0 {
		if err := CheckPath(prefix[:slash]); err != nil {
			return err
		}
	}
	return checkText(prefix)
}

// CheckSize refuses an object that is too large. The error is model.CodeInvalid.
func CheckSize(path string, size int64) error {
	if size > MaxObjectSize {
		return model.Errorf(model.CodeInvalid, "the object %s has %d bytes; at most %d are kept", path, size, MaxObjectSize)
	}
	return nil
}

func checkText(path string) error {
	control := func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }
	if len(path) > MaxPathLength || !utf8.ValidString(path) || strings.ContainsFunc(path, control) {
		return model.Errorf(model.CodeInvalid,
			"the object path %q must be UTF-8 text of at most %d bytes without control characters and backslashes", shorten(path), MaxPathLength)
	}
	return nil
}

// shorten keeps a path in a sentence from filling the log.
func shorten(path string) string {
	const enough = 100
	if len(path) <= enough {
		return path
	}
	return path[:enough] + "..."
}
