package relay

import (
	"time"

	"pipecd/pkg/datastore"
)

// patience is how long a missing id is looked for: a signal may be committed
// after others that got higher ids.
const patience = 5 * time.Second

// window is which signals were read. Ids up to low are done with; of those above
// it some were read.
type window struct {
	low  int64
	read map[int64]time.Time // when
}

func newWindow(low int64) *window { return &window{low: low, read: map[int64]time.Time{}} }

// take returns those of the signals, in their order, that were not read before,
// and moves on.
func (w *window) take(found []datastore.Signal, now time.Time) []datastore.Signal {
	fresh := found[:0]
	for _, s := range found {
		if _, ok := w.read[s.ID]; s.ID > w.low && !ok {
			w.read[s.ID] = now
			fresh = append(fresh, s)
		}
	}
	w.giveUp(now)
	w.advance()
	return fresh
}

// giveUp stops looking for what is missing below signals that were read long ago.
func (w *window) giveUp(now time.Time) {
	for id, at := range w.read {
		if now.Sub(at) >= patience {
			w.low = max(w.low, id)
		}
	}
}

// skip stops looking for everything that is missing up to the id.
func (w *window) skip(id int64) {
	w.low = max(w.low, id)
	w.advance()
}

// advance moves on as far as nothing is missing.
func (w *window) advance() {
	for {
		if _, ok := w.read[w.low+1]; !ok {
			break
		}
		w.low++
	}
	for id := range w.read {
		if id <= w.low {
			delete(w.read, id)
		}
	}
}
