package stagelog

import (
	"slices"
	"testing"
	"time"

	"pipecd/pkg/model"
)

// FuzzDecodeBatch reads what may lie in the filestore. What it can read, it writes
// again so that it reads the same.
func FuzzDecodeBatch(f *testing.F) {
	_, good, err := encode([]model.LogBlock{{Index: 1, Log: "a line", Severity: 1, CreatedAt: time.Unix(1, 0)}, {Index: 2, Log: "\x00\"<"}})
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{"", "\n\n", "{}", `{"i":-1,"l":null}`, `{"i":1e99}`, `{"i":1,"t":9223372036854775807}`, "null", string(good), string(good[:len(good)-3])} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		blocks := decode(content)
		if len(blocks) > len(content) {
			t.Fatalf("%d bytes became %d entries", len(content), len(blocks))
		}
		blocks = normalize(blocks)
		if len(blocks) == 0 || blocks[0].Index < 0 {
			return
		}
		name, again, err := encode(blocks)
		if err != nil {
			t.Fatal(err)
		}
		same := func(a, b model.LogBlock) bool {
			return a.Index == b.Index && a.Log == b.Log && a.CreatedAt.Equal(b.CreatedAt)
		}
		if got := decode(again); !slices.EqualFunc(got, blocks, same) {
			t.Errorf("%q became %q", content, again)
		}
		if parsed, ok := parseBatchName(name.String()); !ok || parsed != name {
			t.Errorf("the name %s is read as %+v", name, parsed)
		}
	})
}
