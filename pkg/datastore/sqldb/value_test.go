package sqldb

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

func TestMicros(t *testing.T) {
	t.Parallel()
	for _, want := range []time.Time{
		{}, time.Date(2026, 3, 29, 1, 30, 0, 123456000, time.UTC), time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	} {
		if got := fromMicros(toMicros(want)); !got.Equal(want) {
			t.Errorf("%v came back as %v", want, got)
		}
	}
	berlin := time.FixedZone("CET", 3600)
	if got, want := fromMicros(toMicros(time.Date(2026, 1, 1, 0, 0, 0, 1999, berlin))), time.Date(2025, 12, 31, 23, 0, 0, 1000, time.UTC); !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	bad := "a\xffb"
	for name, doc := range map[string]any{
		"text":      struct{ A string }{bad},
		"pointer":   struct{ A *struct{ B string } }{&struct{ B string }{bad}},
		"slice":     struct{ A []string }{[]string{"ok", bad}},
		"map key":   struct{ A map[string]string }{map[string]string{bad: "ok"}},
		"map value": struct{ A map[string]string }{map[string]string{"ok": bad}},
		"deep": struct {
			A []struct{ B map[string]string }
		}{[]struct{ B map[string]string }{{map[string]string{"ok": bad}}}},
		"large":      struct{ A string }{strings.Repeat("x", maxDocument+1)},
		"large JSON": struct{ A string }{strings.Repeat("\x01", maxDocument/5)}, // each byte is six in JSON
	} {
		if _, err := encode("it", doc); model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := encode("it", struct{ A, B *string }{nil, new(string)}); err != nil {
		t.Error(err)
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	seen := map[string][]string{}
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"a", "bc"}, {"ab", "c"}, {"abc"}, {"1:a"}, {"1", "a"}} {
		d := digest(parts...)
		if other, taken := seen[d]; taken || len(d) != 64 {
			t.Errorf("%q and %q have the digest %s", parts, other, d)
		}
		seen[d] = parts
	}
}

func TestCursor(t *testing.T) {
	t.Parallel()
	for _, want := range []position{{}, {At: math.MinInt64, Key: "k"}, {At: math.MaxInt64, Key: strings.Repeat("😀", 63)}, {Key: "\x00"}} {
		got, err := parseCursor("list", cursorOf("list", want))
		if err != nil || got != want {
			t.Errorf("%v came back as %v, %v", want, got, err)
		}
	}
	a, err := listID("applications", datastore.ApplicationFilter{Labels: map[string]string{"a": "1", "b": "2"}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := listID("applications", datastore.ApplicationFilter{Labels: map[string]string{"b": "2", "a": "1"}})
	if err != nil || a != b {
		t.Errorf("one filter is two lists: %s, %s, %v", a, b, err)
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Add("", "")
	f.Add("list", cursorOf("list", position{At: 1, Key: "id"}))
	f.Add("list", "AAAA")
	f.Fuzz(func(t *testing.T, list, cursor string) {
		p, err := parseCursor(list, cursor)
		if err != nil {
			if model.CodeOf(err) != model.CodeInvalid {
				t.Errorf("code %q", model.CodeOf(err))
			}
			return
		}
		if again := cursorOf(list, p); again != cursor {
			t.Errorf("%q is accepted but %q is what is given out", cursor, again)
		}
	})
}

// TestDamagedDocument: a document that another program damaged is an error, not a value.
func TestDamagedDocument(t *testing.T) {
	t.Parallel()
	for _, document := range []string{"", "{", "[]", `{"stages":[{"index":"x"}]}`} {
		if d, err := deploymentToModel(&deploymentRow{id: "d", document: document}); model.CodeOf(err) != model.CodeInternal || d != nil {
			t.Errorf("document %q gave %v, %v", document, d, err)
		}
	}
}

// TestUnknownDocumentFields: what a later version adds does not stop this one from reading.
func TestUnknownDocumentFields(t *testing.T) {
	t.Parallel()
	got, err := commandToModel(&commandRow{id: "c", document: `{"later":{"a":1},"stageId":"s"}`})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&model.Command{ID: "c", StageID: "s"}, got); diff != "" {
		t.Error(diff)
	}
}
