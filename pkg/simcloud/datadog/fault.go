package datadog

import (
	"net/http"
	"strconv"
	"time"
)

// FaultKind is a way to misbehave.
type FaultKind int

// The ways to misbehave on a query.
const (
	// RateLimited answers 429 with X-RateLimit-Reset.
	RateLimited FaultKind = iota + 1
	// ServerError answers Status, 500 if that is 0.
	ServerError
	// Malformed answers 200 with a body that is not JSON.
	Malformed
	// ErrorStatus answers 200 with status "error" and without series.
	ErrorStatus
	// Hang never answers; it ends when the client gives up.
	Hang
)

// Fault is one misbehaviour on one query.
type Fault struct {
	Kind   FaultKind
	Status int           // of ServerError
	Reset  time.Duration // of RateLimited: until the limit resets; at least 1 s is sent
}

// Misbehave orders faults for the next queries, one each, after those ordered
// before.
func (s *Server) Misbehave(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

func (s *Server) misbehave(w http.ResponseWriter, r *http.Request, f Fault) {
	switch f.Kind {
	case RateLimited:
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(seconds(f.Reset), 10))
		s.write(w, r, http.StatusTooManyRequests, errorList{[]string{"Rate limit of this endpoint reached"}})
	case ServerError:
		status := f.Status
		if status == 0 {
			status = http.StatusInternalServerError
		}
		s.write(w, r, status, errorList{[]string{http.StatusText(status)}})
	case Malformed:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"status":"ok","series":[{"pointlist":[[1,`)) // a fault; how it arrives is no matter
	case ErrorStatus:
		s.write(w, r, http.StatusOK, queryError{Status: "error", Error: "the query could not be run"})
	case Hang:
		<-r.Context().Done()
	}
}
