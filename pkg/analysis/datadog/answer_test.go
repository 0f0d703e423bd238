package datadog_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/analysis"
	"pipecd/pkg/analysis/datadog"
	"pipecd/pkg/model"
)

// canned is a far end without sockets: it gives every request the same answer.
type canned struct {
	status int
	header http.Header
	body   io.Reader
	err    error
	sent   func(*http.Request)
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.sent != nil {
		c.sent(r)
	}
	if c.err != nil {
		return nil, c.err
	}
	header := c.header
	if header == nil {
		header = http.Header{"Content-Type": {"application/json"}}
	}
	return &http.Response{
		StatusCode: c.status, Status: http.StatusText(c.status), Header: header,
		Body: io.NopCloser(c.body), Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// t0 is 2026-01-02T03:04:00Z in the milliseconds of the answers below.
var t0 = time.UnixMilli(1767323040000).UTC()

func window() analysis.Window { return analysis.Window{From: t0, To: t0.Add(2 * time.Minute)} }

func query(t *testing.T, c canned) (analysis.Result, error) {
	t.Helper()
	provider := newProvider(t, "us5.datadoghq.com", &http.Client{Transport: c})
	return provider.Query(t.Context(), analysis.Query{Expr: expr, Window: window(), Lookback: analysis.Lookback})
}

func TestAnswerWithStatus200(t *testing.T) {
	t.Parallel()
	const series = `{"status":"ok","series":[{"metric":"m","interval":60,"pointlist":`
	for name, tt := range map[string]struct {
		body string
		code model.Code // "" for no error
		want []float64
	}{
		"points":                {series + `[[1767323040000,1.5],[1767323100000,2]]}]}`, "", []float64{1.5, 2}},
		"out of order":          {series + `[[1767323100000,2],[1767323040000,1]]}]}`, "", []float64{1, 2}},
		"null value":            {series + `[[1767323040000,null],[1767323100000,2]]}]}`, "", []float64{2}},
		"third element":         {series + `[[1767323040000,1,9]]}]}`, "", []float64{1}},
		"fractional time":       {series + `[[1.76732304e12,1]]}]}`, "", []float64{1}},
		"no pointlist":          {`{"status":"ok","series":[{"metric":"m"}]}`, "", nil},
		"empty pointlist":       {series + `[]}]}`, "", nil},
		"no series at all":      {`{"status":"ok","series":[]}`, "", nil},
		"seconds, not millis":   {series + `[[1767323040,1]]}]}`, "", nil},
		"series absent":         {`{"status":"ok"}`, model.CodeUnavailable, nil},
		"series null":           {`{"status":"ok","series":null}`, model.CodeUnavailable, nil},
		"status error":          {`{"status":"error","error":"backend timeout"}`, model.CodeUnavailable, nil},
		"status error, parsing": {`{"status":"error","error":"Error parsing query: foo"}`, model.CodeInvalid, nil},
		"error beside ok":       {`{"status":"ok","error":"partial failure","series":[]}`, model.CodeUnavailable, nil},
		"short point":           {series + `[[1767323040000]]}]}`, model.CodeUnavailable, nil},
		"null time":             {series + `[[null,1]]}]}`, model.CodeUnavailable, nil},
		"time out of range":     {series + `[[1e300,1]]}]}`, model.CodeUnavailable, nil},
		"negative time":         {series + `[[-5,1]]}]}`, model.CodeUnavailable, nil},
		"text value":            {series + `[[1767323040000,"NaN"]]}]}`, model.CodeUnavailable, nil},
		"value out of range":    {series + `[[1767323040000,1e999]]}]}`, model.CodeUnavailable, nil},
		"series is an object":   {`{"status":"ok","series":{}}`, model.CodeUnavailable, nil},
		"series of null":        {`{"status":"ok","series":[null]}`, "", nil},
		"not JSON":              {`<html>login</html>`, model.CodeUnavailable, nil},
		"cut off":               {`{"status":"ok","series":[`, model.CodeUnavailable, nil},
		"empty":                 {``, model.CodeUnavailable, nil},
		"null":                  {`null`, model.CodeUnavailable, nil},
		"list":                  {`[]`, model.CodeUnavailable, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, err := query(t, canned{status: http.StatusOK, body: strings.NewReader(tt.body)})
			if code := model.CodeOf(err); code != tt.code {
				t.Fatalf("got %v (code %q), want code %q", err, code, tt.code)
			}
			var got []float64
			for _, s := range result.Series {
				for _, p := range s.Points {
					got = append(got, p.Value)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTimesAreMilliseconds(t *testing.T) {
	t.Parallel()
	result, err := query(t, canned{status: http.StatusOK, body: strings.NewReader(
		`{"status":"ok","series":[{"metric":"m","interval":60000,"scope":"a:b","pointlist":[[1767323040000,1],[1767323100000,2],[1767323160000,3]]}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	want := analysis.Result{
		Series: []analysis.Series{{Name: "m", Scope: "a:b", Points: []analysis.Point{
			{Time: t0, Value: 1}, {Time: t0.Add(time.Minute), Value: 2},
		}}},
		Newest: t0.Add(3 * time.Minute),
	}
	if diff := cmp.Diff(want, result); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const forbidden = `{"errors":["Forbidden"]}`
	for name, tt := range map[string]struct {
		c    canned
		code model.Code
		says []string
		wait time.Duration
	}{
		"400":               {canned{status: 400, body: strings.NewReader(`{"errors":["Error parsing query"]}`)}, model.CodeInvalid, []string{"rejected the query: Error parsing query"}, 0},
		"401":               {canned{status: 401, body: strings.NewReader(`{"errors":["Unauthorized"]}`)}, model.CodeUnauthenticated, []string{"/secret/api-key", "/secret/app-key"}, 0},
		"403":               {canned{status: 403, body: strings.NewReader(forbidden)}, model.CodePermissionDenied, []string{"https://api.us5.datadoghq.com", "/secret/api-key", "/secret/app-key", "timeseries_query"}, 0},
		"403 about one key": {canned{status: 403, body: strings.NewReader(`{"errors":["Invalid application key"]}`)}, model.CodePermissionDenied, []string{"refused the application key from the file /secret/app-key (403"}, 0},
		"404":               {canned{status: 404, body: strings.NewReader("nope")}, model.CodeInvalid, []string{"check the address"}, 0},
		"302":               {canned{status: 302, header: http.Header{"Location": {"https://evil.example/"}}, body: strings.NewReader("")}, model.CodeInvalid, []string{"redirects (302)"}, 0},
		"204":               {canned{status: 204, body: strings.NewReader("")}, model.CodeUnavailable, []string{"204"}, 0},
		"429 reset":         {canned{status: 429, header: http.Header{"X-Ratelimit-Reset": {"12"}}, body: strings.NewReader(`{"errors":["Rate limited"]}`)}, model.CodeExhausted, []string{"limits the rate"}, 12 * time.Second},
		"429 retry-after":   {canned{status: 429, header: http.Header{"Retry-After": {"9"}}, body: strings.NewReader(``)}, model.CodeExhausted, nil, 9 * time.Second},
		"429 for years":     {canned{status: 429, header: http.Header{"Retry-After": {"999999999"}}, body: strings.NewReader(``)}, model.CodeExhausted, nil, 10 * time.Minute},
		"429 nonsense":      {canned{status: 429, header: http.Header{"Retry-After": {"soon"}}, body: strings.NewReader(``)}, model.CodeExhausted, nil, 0},
		"503 retry-after":   {canned{status: 503, header: http.Header{"Retry-After": {"3"}}, body: strings.NewReader(`x`)}, model.CodeUnavailable, nil, 3 * time.Second},
		"no connection":     {canned{err: errors.New("dial: connection refused")}, model.CodeUnavailable, []string{"connection refused", "us5.datadoghq.com"}, 0},
		"too long":          {canned{status: 200, body: endless{}}, model.CodeInvalid, []string{"narrow the query"}, 0},
		"echo of the keys":  {canned{status: 500, body: strings.NewReader(`{"errors":["DD-API-KEY ` + apiKey + ` ` + appKey + `"]}`)}, model.CodeUnavailable, []string{"[API key]", "[application key]"}, 0},
		"keys in transport": {canned{err: errors.New("proxy says " + appKey)}, model.CodeUnavailable, []string{"[application key]"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := query(t, tt.c)
			if code := model.CodeOf(err); code != tt.code {
				t.Fatalf("got %v (code %q), want code %q", err, code, tt.code)
			}
			for _, part := range tt.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
			for cause := err; cause != nil; cause = errors.Unwrap(cause) {
				if strings.Contains(cause.Error(), apiKey) || strings.Contains(cause.Error(), appKey) {
					t.Errorf("the error chain holds a key: %q", cause)
				}
			}
			var wait time.Duration
			if later, ok := errors.AsType[*analysis.RetryAfterError](err); ok {
				wait = later.After
			}
			if wait != tt.wait {
				t.Errorf("retry after %s, want %s", wait, tt.wait)
			}
		})
	}
}

// endless is a body that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// panicking stands for a defect in the client library.
type panicking struct{}

func (panicking) RoundTrip(*http.Request) (*http.Response, error) { panic("boom") }

func TestPanicBecomesAnError(t *testing.T) {
	t.Parallel()
	provider := newProvider(t, "", &http.Client{Transport: panicking{}})
	_, err := provider.Query(t.Context(), analysis.Query{Expr: expr, Window: window()})
	if model.CodeOf(err) != model.CodeUnavailable {
		t.Errorf("got %v, want code %s", err, model.CodeUnavailable)
	}
}

// TestRequest runs in virtual time, on the wire as the client writes it.
func TestRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		var sent *http.Request
		provider := newProvider(t, "https://proxy.example/dd/", &http.Client{Transport: canned{
			status: http.StatusOK, body: strings.NewReader(`{"status":"ok","series":[]}`),
			sent: func(r *http.Request) { sent = r },
		}})
		w := analysis.Window{From: now.Add(-2 * time.Minute), To: now.Add(-time.Minute)}
		if _, err := provider.Query(t.Context(), analysis.Query{Expr: expr, Window: w, Lookback: 10 * time.Minute}); err != nil {
			t.Fatal(err)
		}
		if got := sent.URL.Scheme + "://" + sent.URL.Host + sent.URL.Path; got != "https://proxy.example/dd/api/v1/query" {
			t.Errorf("sent to %s", got)
		}
		want := map[string]string{
			"from": unix(w.From.Add(-10 * time.Minute)), "to": unix(now), "query": expr,
		}
		got := map[string]string{}
		for k := range sent.URL.Query() {
			got[k] = sent.URL.Query().Get(k)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("parameters (-want +got):\n%s", diff)
		}
		if sent.Header.Get("Dd-Api-Key") != apiKey || sent.Header.Get("Dd-Application-Key") != appKey {
			t.Error("the keys were not sent in their headers")
		}
	})
}

// TestDeadline: a far end that says nothing is left at the deadline, in virtual
// time.
func TestDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		silent := roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		provider := newProvider(t, "", &http.Client{Transport: silent})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		_, err := provider.Query(ctx, analysis.Query{Expr: expr, Window: window()})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 30*time.Second {
			t.Errorf("after %s: %v, want the deadline after 30s", time.Since(start), err)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestKeysAreNotLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	provider, err := datadog.New(datadog.Config{
		Address: "http://dd.example", Keys: keys(t),
		HTTPClient: &http.Client{Transport: panicking{}}, Logger: slog.New(slog.NewJSONHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = provider.Query(t.Context(), analysis.Query{Expr: expr, Window: window()})
	if err == nil || !strings.Contains(log.String(), "clear text") {
		t.Errorf("error %v; the log does not warn of clear text: %s", err, log.String())
	}
	if strings.Contains(log.String(), apiKey) || strings.Contains(log.String(), appKey) {
		t.Error("the log holds a key")
	}
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"status":"ok","series":[{"metric":"m","interval":60,"length":1,"pointlist":[[1767323040000,1.5],[1767323100000,null]]}]}`,
		`{"status":"error","error":"x"}`, `{"status":"ok"}`, `{"series":[null,{}]}`, `{"series":[{"pointlist":[[]]}]}`,
		`{"series":[{"interval":-1,"pointlist":[[1,2],[3,4],[3,5]]}]}`, `null`, `[]`, ``, `{"status":1}`, `{"errors":["a"]}`,
	} {
		for _, status := range []int{200, 400, 403, 429, 500} {
			f.Add(uint(status-200), seed)
		}
	}
	f.Fuzz(func(t *testing.T, number uint, body string) {
		status := 200 + int(number%400) // every number is a status that can be the last answer
		result, err := query(t, canned{status: status, body: strings.NewReader(body)})
		if (status != http.StatusOK) && err == nil {
			t.Errorf("status %d gave no error", status)
		}
		if err != nil && (model.CodeOf(err) == model.CodeInternal || result.Points() != 0) {
			t.Errorf("got %v (code %s) with %d points", err, model.CodeOf(err), result.Points())
		}
		for _, s := range result.Series {
			for i, p := range s.Points {
				if p.Time.Before(t0.Add(-analysis.Lookback-time.Minute)) || p.Time.After(window().To) || (i > 0 && p.Time.Before(s.Points[i-1].Time)) {
					t.Errorf("point %d at %s is out of the window or of order", i, p.Time)
				}
			}
		}
	})
}
