package stagelog

import (
	"testing"
)

// The set of runs holds what a plain set holds, and its runs are in order and
// apart.
func FuzzSpans(f *testing.F) {
	f.Add([]byte{1, 1, 3, 1, 2, 1})
	f.Add([]byte{10, 5, 0, 3, 4, 20})
	f.Fuzz(func(t *testing.T, in []byte) {
		var s spans
		plain := map[int64]bool{}
		for i := 0; i+1 < len(in); i += 2 {
			r := span{int64(in[i]), int64(in[i]) + int64(in[i+1]%16)}
			s = s.add(r)
			for x := r.first; x <= r.last; x++ {
				plain[x] = true
			}
		}
		for x := int64(-1); x < 300; x++ {
			if s.contains(x) != plain[x] {
				t.Fatalf("%d: got %t in %v", x, !plain[x], s)
			}
		}
		for i := 1; i < len(s); i++ {
			if s[i].first <= s[i-1].last+1 {
				t.Fatalf("runs touch: %v", s)
			}
		}
	})
}

func FuzzBatchName(f *testing.F) {
	f.Add(batchName{first: 1, last: 9, lines: 3, bytes: 10, digest: "ab"}.String())
	f.Add("done")
	f.Fuzz(func(t *testing.T, name string) {
		n, ok := parseBatchName(name)
		if !ok {
			return
		}
		if again, ok := parseBatchName(n.String()); !ok || again != n {
			t.Fatalf("%q became %v", name, again)
		}
	})
}
