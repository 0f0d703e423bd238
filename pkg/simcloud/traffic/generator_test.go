package traffic_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"pipecd/pkg/model"
	"pipecd/pkg/simcloud/traffic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCountsWhoAnswered(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch n.Add(1) % 5 {
		case 0:
			panic(http.ErrAbortHandler)
		case 1:
			w.Header().Set(traffic.VersionHeader, "v1")
		case 2:
			w.Header().Set(traffic.VersionHeader, "v2")
			w.WriteHeader(http.StatusInternalServerError)
		case 3:
			w.WriteHeader(http.StatusBadGateway)
		case 4:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	g, err := traffic.New(traffic.Config{
		URL: server.URL, RPS: 1000, Workers: 1, MaxRequests: 50,
		// One connection a request: net/http would repeat a dropped one.
		Transport: &http.Transport{DisableKeepAlives: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := g.Start(t.Context()); model.CodeOf(err) != model.CodeFailedPrecondition {
		t.Errorf("a second Start: %v", err)
	}
	<-g.Done()
	g.Stop()
	g.Stop()
	s := g.Snapshot()
	if s.Requests != 50 || s.ByVersion["v1"] != 10 || s.ErrorsByVersion["v2"] != 10 || s.ApplicationError != 10 ||
		s.LoadBalancer != 10 || s.LoadBalancerByStatus[502] != 10 || s.Failed != 10 || s.Other != 10 {
		t.Errorf("counted %+v", s)
	}
	g.Reset()
	if s := g.Snapshot(); s.Requests != 0 || len(s.ByVersion) != 0 {
		t.Errorf("after Reset %+v", s)
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(r *http.Request, after time.Duration) (*http.Response, error) {
	select {
	case <-time.After(after):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{traffic.VersionHeader: {"v1"}},
		Body: io.NopCloser(strings.NewReader("")), Request: r,
	}, nil
}

func TestOpenLoopHoldsItsRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, err := traffic.New(traffic.Config{
			URL: "http://127.0.0.1:1/", RPS: 50, Workers: 200, Duration: 10*time.Second + time.Millisecond,
			Transport: transport(func(r *http.Request) (*http.Response, error) { return answer(r, 2*time.Second) }),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-g.Done() // by its own bound, after the last request ended
		// Slow answers do not slow an open loop.
		if s := g.Snapshot(); s.Requests != 500 || s.ByVersion["v1"] != 500 || s.Skipped != 0 {
			t.Errorf("counted %+v", s)
		}
		g.Stop()
	})
}

func TestBusyWorkersSkip(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, err := traffic.New(traffic.Config{
			URL: "http://[::1]:1/", RPS: 10, Workers: 2, Duration: 1001 * time.Millisecond,
			Transport: transport(func(r *http.Request) (*http.Response, error) { return answer(r, 5*time.Second) }),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-g.Done()
		if s := g.Snapshot(); s.Requests != 2 || s.Skipped != 8 {
			t.Errorf("counted %+v", s)
		}
		g.Stop()
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]traffic.Config{
		"another host":  {URL: "http://example.com/", RPS: 1},
		"an address":    {URL: "http://10.0.0.1/", RPS: 1},
		"https":         {URL: "https://127.0.0.1/", RPS: 1},
		"no url":        {RPS: 1},
		"no url at all": {URL: "http://[::1", RPS: 1},
		"no rate":       {URL: "http://127.0.0.1/"},
		"too fast":      {URL: "http://127.0.0.1/", RPS: traffic.MaxRPS + 1},
		"too many":      {URL: "http://127.0.0.1/", RPS: 1, Workers: 100_000},
	} {
		if _, err := traffic.New(c); model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
