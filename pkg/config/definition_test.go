package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Stand-ins for a platform's types: as in its SDK, names are in upper camel
// case, optional scalars are pointers, and enumerations know their values.
type (
	color  string
	marker struct{}
	shape  struct {
		Name        *string
		Count       int32
		Large       *int64
		Share       *float64
		On          *bool
		Off         bool
		Color       color
		Items       []shape
		Words       []string
		Tags        map[string]string
		Colors      map[string]color
		Inner       *shape
		ClientToken *string
		Odd         any
		marker      // as in the SDK
		hidden      string
	}
)

func (color) Values() []color { return []color{"RED", "BLUE"} }

func TestDecodeDefinition(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name, text string
		want       shape
	}{
		{"case of keys", "NAME: a\ncOunt: 1\nitems: [{Name: b}, {name: c}]", shape{
			Name: new("a"), Count: 1, Items: []shape{{Name: new("b")}, {Name: new("c")}},
		}},
		{"JSON", `{"name": "a", "words": ["x", "y"], "inner": {"on": true}}`, shape{Name: new("a"), Words: []string{"x", "y"}, Inner: &shape{On: new(true)}}},
		{"numbers for strings", "name: 12\nwords: [1.5, true, 0100, 1e3]\ntags: {a: 1}", shape{
			Name: new("12"), Words: []string{"1.5", "true", "0100", "1e3"}, Tags: map[string]string{"a": "1"},
		}},
		{"strings for others", "count: \"3\"\nlarge: \"9007199254740993\"\nshare: \"0.5\"\non: \"true\"\noff: 'false'", shape{
			Count: 3, Large: new(int64(9007199254740993)), Share: new(0.5), On: new(true),
		}},
		{"whole floats", "count: 3.0\nlarge: 1e3\nshare: 2", shape{Count: 3, Large: new(int64(1000)), Share: new(2.0)}},
		{"null is absent", "name: null\ncount: ~\nitems:\ntags: null\ninner: null\non: null\nwords: null", shape{}},
		{"empty is absent", "name: \"\"\ncount: \"\"\nitems: ''\ntags: ''\ninner: \"\"\non: ''\ncolor: ''", shape{}},
		{"empty collections are not", "items: []\ntags: {}\ninner: {}", shape{Items: []shape{}, Tags: map[string]string{}, Inner: &shape{}}},
		{"zero is not", "large: 0\non: false", shape{Large: new(int64(0)), On: new(false)}},
		{"keys of maps keep their case", "tags: {Name: x, name: y}", shape{Tags: map[string]string{"Name": "x", "name": "y"}}},
		{"enumeration", "color: BLUE\ncolors: {a: RED}", shape{Color: "BLUE", Colors: map[string]color{"a": "RED"}}},
		{"anchors", "inner: &x {name: a}\nitems: [*x, *x]", shape{Inner: &shape{Name: new("a")}, Items: []shape{{Name: new("a")}, {Name: new("a")}}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			var got shape
			if ps := DecodeDefinition("def.yaml", []byte(tc.text), &got, nil); len(ps) > 0 {
				t.Fatal(ps)
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(shape{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeDefinitionProblems(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ text, want string }{
		{"", "def.yaml: expected a definition, found nothing"},
		{"# only words", "def.yaml: expected a definition, found nothing"},
		{"null", "def.yaml:1:1: expected a definition, found nothing"},
		{"name: a\ncolour: RED", "def.yaml:2:1: colour: unknown field (did you mean color?)"},
		{"items:\n  - name: a\n    wrods: []", "def.yaml:3:5: items[0].wrods: unknown field (did you mean words?)"},
		{"inner: {zzzzzzzzzz: 1}", "def.yaml:1:9: inner.zzzzzzzzzz: unknown field (the platform's API has no such field here)"},
		{"hidden: a", "def.yaml:1:1: hidden: unknown field"},
		{"marker: {}", "def.yaml:1:1: marker: unknown field"},
		{"count: many", `def.yaml:1:8: count: expected an integer, found the string "many"`},
		{"count: 1.5", "def.yaml:1:8: count: expected an integer, found "},
		{"count: 2147483648", "def.yaml:1:8: count: expected an integer, found "},
		{"count: .nan", "def.yaml:1:8: count: expected an integer, found "},
		{"large: 9223372036854775808", "def.yaml:1:8: large: expected an integer, found "},
		{"share: much", `def.yaml:1:8: share: expected a number, found the string "much"`},
		{"on: yes", `def.yaml:1:5: on: expected true or false, found the string "yes"`},
		{"name: [a]", "def.yaml:1:7: name: expected a string, found a list"},
		{"words: a", `def.yaml:1:8: words: expected a list, found the string "a"`},
		{"tags: [a]", "def.yaml:1:7: tags: expected a mapping, found a list"},
		{"inner: 5", "def.yaml:1:8: inner: expected a mapping, found integer 5"},
		{"- name: a", "def.yaml:1:1: expected a mapping, found a list"},
		{"items:\n- name: a\n- count: x", `def.yaml:3:10: items[1].count: expected an integer, found the string "x"`},
		{"tags:\n  a: {b: c}", "def.yaml:2:7: tags.a: expected a string, found a mapping"},
		{"color: GREEN", `def.yaml:1:8: warning: color: unknown value "GREEN" (known: RED, BLUE)`},
		{"CLIENTTOKEN: x", "def.yaml:1:1: warning: CLIENTTOKEN: is made elsewhere"},
		{"inner: {statuss: x}", "def.yaml:1:9: inner.statuss: unknown field"},
		{"name: a\nname: b", "def.yaml:2:1: warning: name: the key is given twice"},
		{"odd: 1", "def.yaml:1:6: odd: expected "},
	} {
		t.Run(tc.text, func(t *testing.T) {
			t.Parallel()

			ps := DecodeDefinition("def.yaml", []byte(tc.text), &shape{}, map[string]string{"clienttoken": "is made elsewhere", "name2": "-"})
			if len(ps) != 1 || !strings.HasPrefix(ps[0].String(), tc.want) {
				t.Errorf("got  %v\nwant %s", ps, tc.want)
			}
		})
	}
}

// TestDecodeDefinitionIgnored: a field that is set elsewhere stays unset, is
// only known at the top, and hinders nothing.
func TestDecodeDefinitionIgnored(t *testing.T) {
	t.Parallel()

	var got shape
	notes := map[string]string{"clienttoken": "is made elsewhere", "status": "is only shown"}
	ps := DecodeDefinition("def.yaml", []byte("clientToken: x\nStatus: {any: [thing]}\nname: a\ninner: {status: x}"), &got, notes)
	if got.ClientToken != nil || got.Name == nil || *got.Name != "a" {
		t.Errorf("got %+v", got)
	}
	if len(ps.Warnings()) != 2 || len(ps) != 3 || !strings.Contains(ps.Error(), "def.yaml:4:9: inner.status: unknown field") {
		t.Errorf("got %v", ps)
	}
	if err := ps.Err(); err == nil || strings.Contains(err.Error(), "warning") {
		t.Errorf("got %v", err)
	}
}

// TestDecodeDefinitionReportsAll: one bad value hides no other and spoils none.
func TestDecodeDefinitionReportsAll(t *testing.T) {
	t.Parallel()

	var got shape
	ps := DecodeDefinition("def.yaml", []byte("count: x\nname: a\nitems: [{on: maybe}, {name: b}]\nnope: 1"), &got, nil)
	if len(ps) != 3 || *got.Name != "a" || len(got.Items) != 2 || *got.Items[1].Name != "b" {
		t.Errorf("got %v, %+v", ps, got)
	}
}

// TestDecodeDefinitionSpellings: of two spellings of one key the last one wins
// as a whole, and both lines are told.
func TestDecodeDefinitionSpellings(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		text string
		want shape
		says string
	}{
		{"items: [{name: a}, {name: b}]\nname: x\nItems: [{count: 1}]", shape{Name: new("x"), Items: []shape{{Count: 1}}}, "def.yaml:3:1: warning: items: the field is given twice, on line 1 and on line 3; the last value is used (delete one of them)"},
		{"inner:\n  name: a\n  NAME: b\nINNER: {count: 2}", shape{Inner: &shape{Count: 2}}, "def.yaml:4:1: warning: inner: the field is given twice, on line 1 and on line 4; the last value is used (delete one of them)"},
		{"inner:\n  name: a\n  NAME: b", shape{Inner: &shape{Name: new("b")}}, "def.yaml:3:3: warning: inner.name: the field is given twice, on line 2 and on line 3; the last value is used (delete one of them)"},
		{"name: a\nNAME: null", shape{}, "def.yaml:2:1: warning: name: the field is given twice, on line 1 and on line 2; the last value is used (delete one of them)"},
		{"count: wrong\nCount: 1", shape{Count: 1}, "def.yaml:2:1: warning: count: the field is given twice, on line 1 and on line 2; the last value is used (delete one of them)"},
		{"inner: &x {NAME: a}\nitems: [{<<: *x, name: b}]", shape{Inner: &shape{Name: new("a")}, Items: []shape{{Name: new("b")}}}, ""},
	} {
		t.Run(tc.text, func(t *testing.T) {
			t.Parallel()

			var got shape
			ps := DecodeDefinition("def.yaml", []byte(tc.text), &got, nil)
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(shape{})); diff != "" || ps.Error() != tc.says {
				t.Errorf("%s\ngot  %s\nwant %s", diff, ps.Error(), tc.says)
			}
		})
	}
}

// TestDecodeDefinitionChecks: what a platform finds wrong gets the place of its
// field, or of the nearest one above it.
func TestDecodeDefinitionChecks(t *testing.T) {
	t.Parallel()

	const text = `name: a
ITEMS:
  - name: b
    words: [x, y]
  - count: many
tags:
  Team: z
inner: null
`
	var got shape
	ps := DecodeDefinition("def.yaml", []byte(text), &got, nil, func(r *Report) {
		if got.Name == nil || *got.Name != "a" {
			t.Error("checked before it was read")
		}
		for _, field := range []string{
			"name", "items", "items[0].name", "items[0].words[1]", "items[0].count", "items[1].count", "items[7]", "tags.Team", "inner.name", "color",
		} {
			r.Errorf(field, "is checked")
		}
	})
	want := `def.yaml:1:1: color: is checked
def.yaml:1:7: name: is checked
def.yaml:2:1: items: is checked
def.yaml:2:1: items[7]: is checked
def.yaml:3:5: items[0].count: is checked
def.yaml:3:11: items[0].name: is checked
def.yaml:4:16: items[0].words[1]: is checked
def.yaml:5:12: items[1].count: expected an integer, found the string "many"
def.yaml:7:9: tags.Team: is checked
def.yaml:8:1: inner.name: is checked`
	if ps.Error() != want {
		t.Errorf("got:\n%s\nwant:\n%s", ps.Error(), want)
	}
}

func FuzzDecodeDefinition(f *testing.F) {
	for _, seed := range []string{"name: a", "items: [{name: 1}]", "- 1", "a: &a [*a]", "{", "count: .inf", "tags: {1: 2}", "inner: {inner: {inner: 1}}", "? [a]\n: b", "\xff",
		"name: a\nNAME: b", "Items: [{name: 1}]\nitems: null", "a: &x {Name: b}\ninner: {<<: *x, name: c}", "tags: {Team: \"\"}\ncolor: GREEN",
		"{\"containerDefinitions\": [{\"name\": \"web\", \"memory\": \"512\"}]}", "ſhare: 1\nshare: 2"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got shape
		check := func(r *Report) { r.Errorf("items[0].name", "is checked") }
		for _, p := range DecodeDefinition("f", data, &got, map[string]string{"x": "y"}, check) {
			if p.Message == "" || p.File != "f" {
				t.Errorf("%q: a problem without words: %+v", data, p)
			}
		}
	})
}
