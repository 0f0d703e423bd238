package pipedapi

import (
	"sync"
	"time"
)

// signInterval is how exactly last signs of life are known: an agent that gives
// more of them in that time costs no write for each.
const signInterval = time.Second

// signs remembers when a sign of life of an agent was stored last.
type signs struct {
	mu     sync.Mutex
	stored map[string]time.Time // by agent; what is older than the interval may be missing
	swept  time.Time
}

func newSigns() *signs { return &signs{stored: map[string]time.Time{}, swept: time.Now()} }

// isDue reports whether the agent's sign of life is to be stored, and takes note
// that it is.
func (s *signs) isDue(pipedID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if now.Sub(s.swept) >= signInterval {
		s.swept = now
		for id, at := range s.stored {
			if now.Sub(at) >= signInterval {
				delete(s.stored, id)
			}
		}
	}
	if at, ok := s.stored[pipedID]; ok && now.Sub(at) < signInterval {
		return false
	}
	s.stored[pipedID] = now
	return true
}

// failed takes back that a sign of life is stored.
func (s *signs) failed(pipedID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.stored, pipedID)
}
