package trigger

import (
	"strings"
	"testing"
)

func TestConcerned(t *testing.T) {
	t.Parallel()

	x := newIndex()
	x.put("root", "./", rules{ignores: mustCompile(t, "apps", "**/*.md")})
	x.put("shop", "apps/shop", rules{ignores: mustCompile(t, "**/*.md", "!**/important.md")})
	x.put("twin", "./apps/shop/", rules{})
	x.put("inner", "apps/shop/inner", rules{})
	x.put("other", "apps/other", rules{paths: mustCompile(t, "shared/**"), ignores: mustCompile(t, "shared/skip")})
	x.put("off", "apps/off", rules{disabled: true, paths: mustCompile(t, "**")})
	x.put("moved", "apps/old", rules{paths: mustCompile(t, "old/**")})
	x.put("moved", "apps/new", rules{})
	x.put("gone", "apps/gone", rules{paths: mustCompile(t, "**")})
	x.remove("gone")
	x.remove("never")

	for _, tc := range []struct{ changed, want string }{
		{"", ""},
		{"README", "root"},
		{"README.md", ""},
		{"lib/a.go", "root"},
		{"apps/shop/taskdef.yaml", "shop twin"},
		{"apps/shop/doc.md", "twin"},
		{"apps/shop/important.md", "shop twin"},
		{"apps/shop/doc.md apps/shop/taskdef.yaml", "shop twin"}, // an ignored path does not hold others back
		{"apps/shop/inner/a", "inner shop twin"},
		{"apps/shopping/a", ""},
		{"apps/shop", ""}, // a file where the directory was
		{"shared/a", "other root"},
		{"shared/skip/a", "root"},
		{"apps/other/a apps/shop/a", "other shop twin"},
		{"apps/off/a", ""},
		{"apps/old/a", ""},
		{"old/a", "root"},
		{"apps/new/a", "moved"},
		{"apps/gone/a", ""},
	} {
		if got := strings.Join(x.concerned(strings.Fields(tc.changed)), " "); got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.changed, got, tc.want)
		}
	}
}

func TestIndexForgets(t *testing.T) {
	t.Parallel()

	x := newIndex()
	for range 3 {
		x.put("a", "d", rules{paths: mustCompile(t, "p")})
		x.put("b", "d", rules{})
	}
	if len(x.byDir["d"]) != 2 || len(x.extra) != 1 {
		t.Errorf("putting again grows the index: %+v", x)
	}
	x.remove("a")
	x.remove("b")
	if len(x.byDir)+len(x.extra)+len(x.dirs)+len(x.ruleset) != 0 {
		t.Errorf("something is left: %+v", x)
	}
}
