package datadog

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Config sets up a Server. The zero value of a field means its default.
type Config struct {
	// Source holds the measurements. Required.
	Source Source
	// APIKey and ApplicationKey are the keys that are accepted. An empty one
	// accepts nothing.
	APIKey         string
	ApplicationKey string
	// RateLimit is how many queries are answered per RatePeriod; more get a 429.
	// Defaults to 1600 per hour, as Datadog's for metric queries.
	RateLimit  int
	RatePeriod time.Duration
	// Logger receives defects of the server. Defaults to discarding.
	Logger *slog.Logger
}

// Server answers the API. It is an http.Handler and safe for concurrent use.
type Server struct {
	config Config
	mux    *http.ServeMux

	mu     sync.Mutex
	faults []Fault
	period time.Time // the beginning of the present rate period
	asked  int       // queries in it
	total  uint64
}

// New returns a server for the configuration.
func New(c Config) *Server {
	if c.RateLimit <= 0 {
		c.RateLimit = 1600
	}
	if c.RatePeriod <= 0 {
		c.RatePeriod = time.Hour
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{config: c, mux: http.NewServeMux()}
	s.mux.HandleFunc("GET /api/v1/query", s.query)
	s.mux.HandleFunc("GET /api/v1/validate", s.validate)
	s.mux.HandleFunc("POST /api/v1/validate", s.validate)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.write(w, r, http.StatusNotFound, errorList{[]string{"Not found"}})
	})
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Queries returns how many queries were asked, misbehaved ones included.
func (s *Server) Queries() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

// errorList is the body of errors that are about the request.
type errorList struct {
	Errors []string `json:"errors"`
}

// queryError is the body of errors that are about the query.
type queryError struct {
	Status string `json:"status"`
	Error  string `json:"error"`
}

func (s *Server) validate(w http.ResponseWriter, r *http.Request) {
	if !same(r.Header.Get("DD-API-KEY"), s.config.APIKey) {
		s.forbid(w, r)
		return
	}
	s.write(w, r, http.StatusOK, map[string]bool{"valid": true})
}

func (s *Server) forbid(w http.ResponseWriter, r *http.Request) {
	s.write(w, r, http.StatusForbidden, errorList{[]string{"Forbidden"}})
}

// same compares secrets in constant time; an empty one never matches.
func same(given, want string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && want != ""
}

func (s *Server) query(w http.ResponseWriter, r *http.Request) {
	apiKey := same(r.Header.Get("DD-API-KEY"), s.config.APIKey)
	applicationKey := same(r.Header.Get("DD-APPLICATION-KEY"), s.config.ApplicationKey)
	if !apiKey || !applicationKey {
		s.forbid(w, r)
		return
	}
	fault, allowed := s.admit(w.Header())
	if fault != nil {
		s.misbehave(w, r, *fault)
		return
	}
	if !allowed {
		s.write(w, r, http.StatusTooManyRequests, errorList{[]string{"Rate limit of this endpoint reached; wait for X-RateLimit-Reset seconds"}})
		return
	}
	status, body := s.answer(r)
	s.write(w, r, status, body)
}

// admit counts the query, sets the rate-limit headers and returns the fault that
// was ordered for it.
func (s *Server) admit(h http.Header) (*Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total++
	now := time.Now()
	if period := now.Truncate(s.config.RatePeriod); !period.Equal(s.period) {
		s.period, s.asked = period, 0
	}
	s.asked++
	left := s.period.Add(s.config.RatePeriod).Sub(now)
	h.Set("X-RateLimit-Limit", strconv.Itoa(s.config.RateLimit))
	h.Set("X-RateLimit-Period", strconv.FormatInt(seconds(s.config.RatePeriod), 10))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(max(s.config.RateLimit-s.asked, 0)))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(seconds(left), 10))
	h.Set("X-RateLimit-Name", "query")
	if len(s.faults) > 0 {
		f := s.faults[0]
		s.faults = s.faults[1:]
		return &f, false
	}
	return nil, s.asked <= s.config.RateLimit
}

// answer computes the query of the request.
func (s *Server) answer(r *http.Request) (int, any) {
	text := r.URL.Query().Get("query")
	from, errFrom := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64)
	to, errTo := strconv.ParseInt(r.URL.Query().Get("to"), 10, 64)
	const latest = 1 << 35 // seconds; the year 3058
	switch {
	case errFrom != nil || errTo != nil:
		return refused("from and to must be whole seconds since the Unix epoch")
	case from < 0 || to > latest || from >= to:
		return refused("from must be before to")
	case text == "":
		return refused("the parameter query is missing")
	}
	e, err := parse(text)
	if syntax, ok := errors.AsType[*syntaxError](err); ok {
		return refused(syntax.Error())
	}
	w := newWindow(time.Unix(from, 0), time.Unix(to, 0), s.config.Source.Resolution())
	v := (&evaluator{source: s.config.Source, window: w}).eval(e)
	if v.plain {
		return refused("Error parsing query: the query names no metric")
	}
	a := newAnswer(text, w.from, w.to)
	a.add(e, v)
	return http.StatusOK, a
}

func refused(why string) (int, any) {
	return http.StatusBadRequest, queryError{Status: "error", Error: why}
}

func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, body any) {
	payload, err := json.Marshal(body)
	if err != nil {
		s.config.Logger.ErrorContext(r.Context(), "an answer could not be encoded", "error", err)
		status, payload = http.StatusInternalServerError, []byte(`{"errors":["Internal error"]}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if _, err := w.Write(payload); err != nil {
		s.config.Logger.DebugContext(r.Context(), "an answer could not be sent", "error", err)
	}
}
