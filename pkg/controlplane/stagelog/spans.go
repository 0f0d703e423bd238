package stagelog

import (
	"cmp"
	"slices"
)

// span is a run of indexes, both ends included.
type span struct{ first, last int64 }

// spans is a set of indexes as runs in ascending order that neither overlap nor
// touch. A log is one run per process that wrote it, so it stays short.
type spans []span

// contains reports whether i is in the set.
func (s spans) contains(i int64) bool {
	at, found := s.find(i)
	return found || at > 0 && s[at-1].last >= i
}

// find returns the position of the run that begins at i, or where it would be.
func (s spans) find(i int64) (int, bool) {
	return slices.BinarySearchFunc(s, i, func(r span, i int64) int { return cmp.Compare(r.first, i) })
}

// add returns the set with the run added.
func (s spans) add(r span) spans {
	from, _ := s.find(r.first)
	if from > 0 && s[from-1].last >= r.first-1 {
		from--
		r.first = s[from].first
	}
	to := from
	for to < len(s) && s[to].first <= r.last+1 {
		r.last = max(r.last, s[to].last)
		to++
	}
	return slices.Replace(s, from, to, r)
}

// runs returns the runs of indexes in ascending order.
func runs(indexes []int64) []span {
	var out []span
	for _, i := range indexes {
		if n := len(out); n > 0 && out[n-1].last+1 >= i {
			out[n-1].last = max(out[n-1].last, i)
			continue
		}
		out = append(out, span{i, i})
	}
	return out
}
