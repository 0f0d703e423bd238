package filestore

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
)

var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// Element returns name, which may be any text, as one element of a path. What is
// not plainly a name is replaced by its digest; the prefix keeps the two kinds
// apart, so different names have different elements.
func Element(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return "_" + hex.EncodeToString(sum[:])
}
