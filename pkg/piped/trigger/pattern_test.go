package trigger

import (
	"strings"
	"testing"

	"pipecd/pkg/model"
)

func TestPatterns(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		patterns string // separated by spaces
		yes, no  string
	}{
		{"", "", "a a/b"},
		{"shared", "shared shared/a shared/a/b", "share shared2 x/shared sharedx/a"},
		{"shared/", "shared/a", "x/shared/a"},
		{"./shared/*", "shared/a shared/a/b", "shared sharedx/a"},
		{"/shared", "shared/a", "x/shared"},
		{"shared/**", "shared/a shared/a/b", "shared x/shared/a"},
		{"**/*.md", "a.md x/a.md x/y/a.md a.md/x", "amd x/a.mdx a.m"},
		{"**/docs", "docs docs/a x/docs x/y/docs/z", "xdocs x/docs2"},
		{"a/**/z", "a/z a/b/z a/b/c/z a/z/q", "z az a/bz"},
		{"*", "a a/b", ""},
		{"**", "a a/b/c", ""},
		{"*.md", "a.md a.md/x", "x/a.txt x/a.md"},
		{"a?c", "abc axc/d", "ac abbc a/c"},
		{"a[0-9]", "a1 a9/x", "a ab a10"},
		{"[^a]b", "bb cb/x", "ab b"},
		{`a\*`, "a* a*/x", "ab a"},
		{"a.b", "a.b", "axb"},
		{"a+b (x) c{1,2} a|b $v ^", "a+b (x) c{1,2} a|b $v ^", "aab ab x c cc a b v"},
		{"c++/**", "c++/x", "c/x ccc/x"},
		{"あ/*", "あ/い あ/い/う", "い/い"},
		{"docs !docs/keep", "docs/a docs/keeper", "docs/keep docs/keep/x"},
		{"docs !docs/keep docs/keep/not", "docs/a docs/keep/not", "docs/keep/x"},
		{"!docs", "", "docs a"},
		{"! docs", "docs/a", ""},
	} {
		p, err := CompilePatterns(strings.Fields(tc.patterns))
		if err != nil {
			t.Errorf("%q: %v", tc.patterns, err)
			continue
		}
		if p.Empty() != (tc.patterns == "") {
			t.Errorf("%q: empty %v", tc.patterns, p.Empty())
		}
		for name := range strings.FieldsSeq(tc.yes) {
			if !p.Match(name) {
				t.Errorf("%q does not match %q", tc.patterns, name)
			}
		}
		for name := range strings.FieldsSeq(tc.no) {
			if p.Match(name) {
				t.Errorf("%q matches %q", tc.patterns, name)
			}
		}
	}
	p, err := CompilePatterns([]string{"  ", "", "a b", "dir/**"})
	if err != nil || !p.Match("a b") || p.Match("a") || !p.Match("dir/line\nend") {
		t.Errorf("spaces or line ends: %v", err)
	}
}

func TestPatternsRefuse(t *testing.T) {
	t.Parallel()

	for _, p := range []string{"[", "a[", "[]", "x[z-a]", "\xff["} {
		_, err := CompilePatterns([]string{"fine", p})
		if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), "pattern") {
			t.Errorf("%q: got %v", p, err)
		}
	}
}

func FuzzPatterns(f *testing.F) {
	for _, seed := range []string{"a", "**/*.md", "!a/b", "[a-z]", "[", `\`, "c++", "(", "a/../..", "\xff", "/", "あ?"} {
		f.Add(seed, "a/b.md")
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		p, err := CompilePatterns([]string{pattern})
		if err != nil {
			if model.CodeOf(err) != model.CodeInvalid {
				t.Errorf("%q: %v", pattern, err)
			}
			return
		}
		if p.Match(name) && !p.Match(name+"/below") {
			t.Errorf("%q matches %q but not what is below it", pattern, name)
		}
		// A pattern with nothing special in it stands for itself.
		if !strings.ContainsAny(pattern, `*?[]\!/. `) && strings.TrimSpace(pattern) == pattern && pattern != "" && !p.Match(pattern) {
			t.Errorf("%q does not match itself", pattern)
		}
	})
}

func mustCompile(t *testing.T, patterns ...string) Patterns {
	t.Helper()
	p, err := CompilePatterns(patterns)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
