package engine

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"pipecd/pkg/model"
)

// clip cuts a reason to what the control plane keeps; it refuses longer ones.
func clip(reason string) string {
	if len(reason) <= model.MaxReasonLength {
		return reason
	}
	return strings.ToValidUTF8(reason[:model.MaxReasonLength], "")
}

// upperFirst makes the text of an error the beginning of a sentence.
func upperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 || !unicode.IsLower(r) {
		return s
	}
	return string(unicode.ToUpper(r)) + s[size:]
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
