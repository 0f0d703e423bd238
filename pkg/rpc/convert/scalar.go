package convert

import (
	"strings"
	"time"
)

// maxSeconds is the last second of the year 9999, the latest every store and
// every JSON encoder can hold.
const maxSeconds = 253402300799

// Seconds returns t as the wire carries times: whole seconds since 1970, 0 for
// the zero time and for times before 1970.
func Seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return min(max(t.Unix(), 0), maxSeconds)
}

// Time returns the time of the wire's seconds in UTC: the zero time for 0 and
// for what is negative, the end of the year 9999 for what is later.
func Time(seconds int64) time.Time {
	if seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(min(seconds, maxSeconds), 0).UTC()
}

// Text returns s as the wire can carry it: bytes that are not UTF-8 are
// replaced, because a message that holds them cannot be encoded.
func Text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// Texts returns a copy of m with Text applied to its keys and values; nil when
// m is empty.
func Texts(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[Text(k)] = Text(v)
	}
	return out
}

// each converts a list element by element; an empty list becomes nil.
func each[From, To any](list []From, convert func(From) To) []To {
	if len(list) == 0 {
		return nil
	}
	out := make([]To, len(list))
	for i, v := range list {
		out[i] = convert(v)
	}
	return out
}
