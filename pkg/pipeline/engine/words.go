package engine

import (
	"unicode"
	"unicode/utf8"
)

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
