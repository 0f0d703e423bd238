package config

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a span of time. In a document it is a Go duration such as 90s or
// 1h30m, or a bare number of nanoseconds. It is never negative after a load.
type Duration time.Duration

// Std returns the duration as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String returns the duration as it could stand in a document, such as 1h30m0s.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText makes the duration a string such as 1h30m0s in YAML and JSON.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (d *Duration) decodeNode(doc *document, n *node, path string) bool {
	switch n.kind {
	case kindString:
		return d.decodeText(doc, n, path)
	case kindInt:
		return d.decodeNanoseconds(doc, n, path)
	case kindFloat:
		if n.float == math.Trunc(n.float) && math.Abs(n.float) < math.MaxInt64 {
			whole := *n
			whole.integer = int64(n.float)
			return d.decodeNanoseconds(doc, &whole, path)
		}
		fallthrough
	default:
		doc.errorAt(n.at, path, "expected a duration such as 30s, 10m or 1h30m, found %s", n.describe())
		return false
	}
}

func (d *Duration) decodeText(doc *document, n *node, path string) bool {
	parsed, err := time.ParseDuration(strings.TrimSpace(n.text))
	switch {
	case err != nil:
		p := doc.errorAt(n.at, path, "expected a duration such as 30s, 10m or 1h30m, found %s", n.describe())
		if _, err := strconv.Atoi(n.text); err == nil {
			p.hintf("add a unit: %ss or %sm", n.text, n.text)
		}
		return false
	case parsed < 0:
		doc.errorAt(n.at, path, "expected a duration that is not negative, found %s", n.text)
		return false
	}
	*d = Duration(parsed)
	return true
}

func (d *Duration) decodeNanoseconds(doc *document, n *node, path string) bool {
	if n.integer < 0 {
		doc.errorAt(n.at, path, "expected a duration that is not negative, found %d", n.integer)
		return false
	}
	if n.integer > 0 && n.integer < int64(time.Millisecond) {
		doc.warnAt(n.at, path, "a number without a unit is nanoseconds, so this is %s", time.Duration(n.integer)).
			hintf("write %ds for seconds", n.integer)
	}
	*d = Duration(n.integer)
	return true
}

// Percent is a whole number of percent. In a document it is 10, "10", 10% or
// "10%". Its range depends on the field.
type Percent int

// String returns the percentage with its sign, such as 10%.
func (p Percent) String() string { return strconv.Itoa(int(p)) + "%" }

func (p *Percent) decodeNode(doc *document, n *node, path string) bool {
	text := strings.TrimSuffix(strings.TrimSpace(n.text), "%")
	switch n.kind {
	case kindInt, kindString:
		// 32 bits are plenty for a percentage on every platform.
		if v, err := strconv.ParseInt(text, 10, 32); err == nil {
			*p = Percent(v)
			return true
		}
	case kindFloat:
		if n.float == math.Trunc(n.float) && math.Abs(n.float) <= math.MaxInt32 {
			*p = Percent(n.float)
			return true
		}
	case kindNull, kindBool, kindMapping, kindSequence:
	}
	doc.errorAt(n.at, path, "expected a percentage as a whole number such as 30 or 30%%, found %s", n.describe())
	return false
}

// masked stands where a secret was.
const masked = "******"

// Secret is a value that must not be shown: every way of printing or encoding
// it gives ******, and problems never quote it.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// DecodeBase64 returns the bytes of a secret that is written in base64, as all
// fields named ...Data are. The error does not contain the secret.
func (s Secret) DecodeBase64() ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(s)))
	if err != nil {
		return nil, errors.New("decoding a secret: it is not valid base64")
	}
	return data, nil
}

// String returns ******, or nothing for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return masked
}

// GoString returns what String returns, quoted.
func (s Secret) GoString() string { return strconv.Quote(s.String()) }

// MarshalText returns what String returns.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue returns what String returns.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

func (s *Secret) decodeNode(doc *document, n *node, path string) bool {
	if n.kind != kindString {
		p := doc.errorAt(n.at, path, "expected a string, found %s", n.kind)
		if len(n.entries)+len(n.items) == 0 {
			p.hintf("put the value in quotes")
		}
		return false
	}
	*s = Secret(n.text)
	return true
}
