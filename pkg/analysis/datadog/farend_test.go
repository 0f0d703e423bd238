package datadog_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"pipecd/pkg/analysis"
	"pipecd/pkg/analysis/analysistest"
	"pipecd/pkg/analysis/datadog"
)

const (
	apiKey = "0123456789abcdef0123456789abcdef"
	appKey = "fedcba9876543210fedcba9876543210fedcba98"
	expr   = "sum:errors{*}.as_count() / sum:requests{*}.as_count()"
)

func TestProvider(t *testing.T) {
	t.Parallel()
	analysistest.Run(t, analysistest.Harness{
		Expr: expr,
		New: func(t *testing.T, world *analysistest.World) analysis.Provider {
			t.Helper()
			server := httptest.NewServer(farEnd{world})
			t.Cleanup(server.Close)
			return newProvider(t, server.URL, server.Client())
		},
	})
}

func newProvider(t *testing.T, address string, client *http.Client) *datadog.Provider {
	t.Helper()
	provider, err := datadog.New(datadog.Config{
		Address: address, Keys: keys(t), HTTPClient: client, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return provider
}

func keys(t *testing.T) datadog.Keys {
	t.Helper()
	api, err := datadog.NewKey(apiKey, "the file /secret/api-key")
	if err != nil {
		t.Fatalf("NewKey: %v", err)
	}
	app, err := datadog.NewKey(appKey, "the file /secret/app-key")
	if err != nil {
		t.Fatalf("NewKey: %v", err)
	}
	return datadog.Keys{API: api, Application: app}
}

// farEnd is a world that speaks Datadog's v1 query API.
type farEnd struct{ world *analysistest.World }

func (f farEnd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.world.Asked != nil {
		select {
		case f.world.Asked <- struct{}{}:
		default:
		}
	}
	if r.Method != http.MethodGet || r.URL.Path != "/api/v1/query" {
		http.NotFound(w, r)
		return
	}
	if r.Header.Get("Dd-Api-Key") != apiKey || r.Header.Get("Dd-Application-Key") != appKey {
		refuse(w, http.StatusForbidden, `{"errors":["Forbidden"]}`)
		return
	}
	if f.fault(w, r) {
		return
	}
	from, fromErr := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64)
	to, toErr := strconv.ParseInt(r.URL.Query().Get("to"), 10, 64)
	if fromErr != nil || toErr != nil || from >= to || r.URL.Query().Get("query") != expr {
		refuse(w, http.StatusBadRequest, `{"errors":["Error parsing query"]}`)
		return
	}
	f.answer(w, time.Unix(from, 0), time.Unix(to, 0))
}

func (f farEnd) fault(w http.ResponseWriter, r *http.Request) bool {
	switch f.world.Fault {
	case analysistest.NoFault:
		return false
	case analysistest.RejectQuery:
		refuse(w, http.StatusBadRequest, `{"status":"error","error":"Error parsing query: unable to parse"}`)
	case analysistest.RefuseKeys:
		refuse(w, http.StatusForbidden, `{"errors":["Forbidden"]}`)
	case analysistest.LimitRate:
		w.Header().Set("X-Ratelimit-Reset", strconv.Itoa(int(analysistest.RetryAfter/time.Second)))
		refuse(w, http.StatusTooManyRequests, `{"errors":["Rate limit exceeded"]}`)
	case analysistest.Overloaded:
		refuse(w, http.StatusServiceUnavailable, "<html>upstream is away</html>")
	case analysistest.Garbage:
		_, _ = io.WriteString(w, `{"status":"ok","series":[{"pointlist":[[`)
	case analysistest.HangUp:
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"status":"ok"`)
	case analysistest.Silence:
		<-r.Context().Done()
	}
	return true
}

func refuse(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func (f farEnd) answer(w http.ResponseWriter, from, to time.Time) {
	series := []map[string]any{}
	for _, line := range f.world.Lines {
		points := [][]any{}
		for _, b := range line.Between(from, to) {
			points = append(points, []any{b.Start.UnixMilli(), b.Value})
		}
		series = append(series, map[string]any{
			"metric": line.Name, "scope": line.Scope, "pointlist": points,
			"length": len(points), "interval": int(f.world.Width / time.Second),
		})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"status": "ok", "res_type": "time_series", "error": "", "message": "",
		"from_date": from.UnixMilli(), "to_date": to.UnixMilli(), "query": expr, "series": series,
	})
}
