package config

import (
	"regexp"
	"strconv"
	"strings"
)

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// fieldPath returns the path of a key below parent; "" is the document.
func fieldPath(parent, key string) string {
	const longest = 64 // of a key that is shown as it is
	if len(key) > longest || !plainKey.MatchString(key) {
		return parent + "[" + quote(key) + "]"
	}
	if parent == "" {
		return key
	}
	return parent + "." + key
}

// indexPath returns the path of a list's item.
func indexPath(parent string, i int) string {
	return parent + "[" + strconv.Itoa(i) + "]"
}

// parentPath returns the path above, "" above the topmost.
func parentPath(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}
