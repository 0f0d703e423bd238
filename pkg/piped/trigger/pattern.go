package trigger

import (
	"path"
	"regexp"
	"strings"

	"pipecd/pkg/model"
)

// Patterns match paths as .dockerignore does, with what PipeCD adds: "*" is any
// run without a slash, "**" any depth, "?" one character, "[a-z]" one of a
// class, a backslash takes the meaning from the next character, and a pattern
// that matches a directory matches everything below it. All else stands for
// itself. A pattern that begins with "!" takes back what earlier ones matched.
type Patterns struct {
	rules []patternRule
}

type patternRule struct {
	exclude bool
	expr    *regexp.Regexp
}

// CompilePatterns compiles the patterns in their order. CodeInvalid names the
// one that is malformed.
func CompilePatterns(patterns []string) (Patterns, error) {
	var out Patterns
	for _, p := range patterns {
		text, exclude := strings.CutPrefix(strings.TrimSpace(p), "!")
		if text == "" {
			continue
		}
		expr, err := regexp.Compile(translate(path.Clean(strings.TrimPrefix(text, "/"))))
		if err != nil {
			return Patterns{}, model.Errorf(model.CodeInvalid, "path pattern %q is malformed: %w", p, err)
		}
		out.rules = append(out.rules, patternRule{exclude: exclude, expr: expr})
	}
	return out, nil
}

// translate makes an anchored regular expression of one pattern.
func translate(p string) string {
	var b strings.Builder
	b.WriteString("^(?s:")
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case strings.HasPrefix(p[i:], "**/"):
			b.WriteString("(.*/)?")
			i += 2
		case strings.HasPrefix(p[i:], "**"):
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?':
			b.WriteString("[^/]")
		case c == '[':
			class := classAt(p[i:])
			b.WriteString(class)
			i += len(class) - 1
		case c == '\\' && i+1 < len(p):
			i++
			b.WriteString(regexp.QuoteMeta(p[i : i+1]))
		default:
			b.WriteString(regexp.QuoteMeta(p[i : i+1]))
		}
	}
	b.WriteString(")$")
	return b.String()
}

// classAt returns the character class that p begins with. One that does not end
// is returned as it is, for the compiler to refuse.
func classAt(p string) string {
	const shortest = 2 // "[" and one character, which may be "]"
	for i := shortest; i < len(p); i++ {
		if p[i] == ']' {
			return p[:i+1]
		}
	}
	return p
}

// Empty reports whether there is no pattern.
func (p Patterns) Empty() bool { return len(p.rules) == 0 }

// Match reports whether the path, or one of its parent directories, matches.
func (p Patterns) Match(name string) bool {
	matched := false
	for _, r := range p.rules {
		if matched == r.exclude && r.matches(name) {
			matched = !r.exclude
		}
	}
	return matched
}

func (r patternRule) matches(name string) bool {
	for {
		if r.expr.MatchString(name) {
			return true
		}
		slash := strings.LastIndexByte(name, '/')
		if slash < 0 {
			return false
		}
		name = name[:slash]
	}
}
