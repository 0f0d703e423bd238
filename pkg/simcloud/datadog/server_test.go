package datadog_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	dd "github.com/DataDog/datadog-api-client-go/v2/api/datadog"
	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV1"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"pipecd/pkg/simcloud/datadog"
	"pipecd/pkg/simcloud/metric"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is a source with fixed points, one a minute from start on.
type fixture []metric.Series

var start = time.Unix(1_700_000_040, 0) // a whole minute

const (
	lbTags    = "env:prd,hostname:sample-lb-1234567890.ap-northeast-1.elb.amazonaws.com"
	blueTag   = "targetgroup:targetgroup/blue/0123456789abcdef"
	greenTag  = "targetgroup:targetgroup/green/fedcba9876543210"
	requests  = "aws.applicationelb.request_count"
	elbErrors = "aws.applicationelb.httpcode_elb_5xx"
	appErrors = "aws.applicationelb.httpcode_target_5xx"
	latency   = "aws.applicationelb.target_response_time.average"
)

func (f fixture) Resolution() time.Duration { return time.Minute }

func (f fixture) Query(name string, from, to time.Time) []metric.Series {
	var found []metric.Series
	for _, s := range f {
		if s.Name != name {
			continue
		}
		kept := s
		kept.Points = nil
		for _, p := range s.Points {
			if !p.Time.Before(from) && p.Time.Before(to) {
				kept.Points = append(kept.Points, p)
			}
		}
		if len(kept.Points) > 0 {
			found = append(found, kept)
		}
	}
	return found
}

// series has the values of minutes 0, 1, …; a negative one is no point.
func series(name, group string, kind metric.Kind, values ...float64) metric.Series {
	tags := strings.Split(lbTags, ",")
	if group != "" {
		tags = append(tags, group)
	}
	s := metric.Series{Name: name, Tags: tags, Kind: kind}
	for i, v := range values {
		if v >= 0 {
			s.Points = append(s.Points, metric.Point{Time: start.Add(time.Duration(i) * time.Minute), Value: v})
		}
	}
	return s
}

func samples() fixture {
	return fixture{
		series(requests, blueTag, metric.Count, 80, 80, 80, -1),
		series(requests, greenTag, metric.Count, 20, 20, -1, -1),
		series(elbErrors, "", metric.Count, -1, 5, -1, 3),
		series(appErrors, greenTag, metric.Count, 4, -1, -1, -1),
		series(latency, blueTag, metric.Average, 0.2, -1, 0.4, -1),
		series(latency, greenTag, metric.Average, 0.4, -1, -1, -1),
	}
}

// client is the real client of the API.
func client(t *testing.T, c datadog.Config) (*datadogV1.MetricsApi, context.Context, *datadog.Server) {
	t.Helper()
	c.APIKey, c.ApplicationKey = "api-key", "app-key"
	if c.Source == nil {
		c.Source = samples()
	}
	s := datadog.New(c)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return api(server.URL, server.Client()), keys(t.Context(), server.URL, "api-key", "app-key"), s
}

func api(_ string, hc *http.Client) *datadogV1.MetricsApi {
	config := dd.NewConfiguration()
	config.HTTPClient = hc
	return datadogV1.NewMetricsApi(dd.NewAPIClient(config))
}

func keys(ctx context.Context, url, apiKey, appKey string) context.Context {
	ctx = context.WithValue(ctx, dd.ContextAPIKeys, map[string]dd.APIKey{
		"apiKeyAuth": {Key: apiKey}, "appKeyAuth": {Key: appKey},
	})
	scheme, host, _ := strings.Cut(url, "://")
	ctx = context.WithValue(ctx, dd.ContextServerIndex, 1)
	return context.WithValue(ctx, dd.ContextServerVariables, map[string]string{"protocol": scheme, "name": host})
}

// null marks a null point in expectations.
const null = -999

// points returns the values by minute.
func points(s datadogV1.MetricsQueryMetadata) map[int]float64 {
	got := map[int]float64{}
	for _, p := range s.Pointlist {
		minute := int((int64(*p[0]) - start.UnixMilli()) / 60_000)
		got[minute] = null
		if p[1] != nil {
			got[minute] = *p[1]
		}
	}
	return got
}

// query is a query and the points it has, by tag set and minute.
type query struct {
	text string
	want map[string]map[int]float64
}

func TestQueries(t *testing.T) {
	t.Parallel()
	m, ctx, _ := client(t, datadog.Config{})
	lb := "{" + lbTags + "}"
	check := func(t *testing.T, c query) {
		t.Helper()
		resp, _, err := m.QueryMetrics(ctx, start.Unix(), start.Add(4*time.Minute).Unix(), c.text)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]map[int]float64{}
		for _, s := range resp.Series {
			got[strings.Join(s.TagSet, ",")] = points(s)
		}
		if diff := cmp.Diff(c.want, got, approximately()); diff != "" {
			t.Error(diff)
		}
	}
	for name, c := range selections(lb) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, c)
		})
	}
	for name, c := range computations(lb) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, c)
		})
	}
}

// selections take and group what is stored.
func selections(lb string) map[string]query {
	return map[string]query{
		"count":            {"sum:" + requests + lb + ".as_count()", map[string]map[int]float64{"": {0: 100, 1: 100, 2: 80}}},
		"rate":             {"sum:" + requests + lb + ".as_rate()", map[string]map[int]float64{"": {0: 100.0 / 60, 1: 100.0 / 60, 2: 80.0 / 60}}},
		"default is avg":   {requests + "{*}", map[string]map[int]float64{"": {0: 50, 1: 50, 2: 80}}},
		"count aggregator": {"count:" + requests + "{*}", map[string]map[int]float64{"": {0: 2, 1: 2, 2: 1}}},
		"max":              {"max:" + requests + "{*}", map[string]map[int]float64{"": {0: 80, 1: 80, 2: 80}}},
		"min":              {"min:" + requests + "{*}", map[string]map[int]float64{"": {0: 20, 1: 20, 2: 80}}},
		"one group":        {"sum:" + requests + "{env:prd," + greenTag + "}", map[string]map[int]float64{"": {0: 20, 1: 20}}},
		"a prefix":         {"sum:" + requests + "{targetgroup:targetgroup/green/*}", map[string]map[int]float64{"": {0: 20, 1: 20}}},
		"not a group":      {"sum:" + requests + "{!" + greenTag + ",env:prd}", map[string]map[int]float64{"": {0: 80, 1: 80, 2: 80}}},
		"nothing matches":  {"sum:" + requests + "{env:dev}", map[string]map[int]float64{}},
		"unknown metric":   {"sum:made.up{*}", map[string]map[int]float64{}},
		"grouped": {"sum:" + requests + lb + " by {targetgroup}.as_count()", map[string]map[int]float64{
			blueTag: {0: 80, 1: 80, 2: 80}, greenTag: {0: 20, 1: 20},
		}},
		"grouped by a missing tag": {"sum:" + requests + lb + " by {moon}", map[string]map[int]float64{"moon:N/A": {0: 100, 1: 100, 2: 80}}},
		"rollup":                   {"sum:" + requests + lb + ".as_count().rollup(sum, 120)", map[string]map[int]float64{"": {0: 200, 2: 80}}},
		"rollup of a method":       {"sum:" + requests + lb + ".rollup(max, 120)", map[string]map[int]float64{"": {0: 100, 2: 80}}},
		"rollup of seconds":        {"avg:" + latency + lb + ".rollup(120)", map[string]map[int]float64{"": {0: 0.3, 2: 0.4}}},
		"average":                  {"avg:" + latency + lb, map[string]map[int]float64{"": {0: 0.3, 2: 0.4}}},
		"fill last":                {"avg:" + latency + lb + ".fill(last, 60)", map[string]map[int]float64{"": {0: 0.3, 1: 0.3, 2: 0.4, 3: 0.4}}},
		"fill linear":              {"avg:" + latency + lb + ".fill(linear)", map[string]map[int]float64{"": {0: 0.3, 1: 0.35, 2: 0.4}}},
		"fill zero":                {"sum:" + elbErrors + lb + ".fill(zero)", map[string]map[int]float64{"": {0: 0, 1: 5, 2: 0, 3: 3}}},
		"default_zero":             {"default_zero(sum:" + elbErrors + lb + ".as_count())", map[string]map[int]float64{"": {0: 0, 1: 5, 2: 0, 3: 3}}},
		"default_zero of nothing":  {"default_zero(sum:made.up{*})", map[string]map[int]float64{"": {0: 0, 1: 0, 2: 0, 3: 0}}},
		"default_zero of no group": {"default_zero(sum:made.up{*} by {host})", map[string]map[int]float64{}},
	}
}

// computations combine queries.
func computations(lb string) map[string]query {
	return map[string]query{
		// Counts are aligned as 0; a division by 0 is null.
		"ratio": {
			"sum:" + elbErrors + lb + ".as_count()\n/\nsum:" + requests + lb + ".as_count()\n",
			map[string]map[int]float64{"": {0: 0, 1: 0.05, 2: 0, 3: null}},
		},
		// Without as_count there is no alignment.
		"ratio as stored": {
			"sum:" + elbErrors + lb + " / sum:" + requests + lb, map[string]map[int]float64{"": {0: null, 1: 0.05, 2: null, 3: null}},
		},
		"ratio of no series": {"sum:made.up{*}.as_count() / sum:" + requests + lb + ".as_count()", map[string]map[int]float64{}},
		"percent": {
			"100 * sum:" + appErrors + "{" + greenTag + "}.as_count() / sum:" + requests + "{" + greenTag + "}.as_count()",
			map[string]map[int]float64{"": {0: 20, 1: 0}},
		},
		"by group": {
			"sum:" + appErrors + lb + " by {targetgroup}.as_count() / sum:" + requests + lb + " by {targetgroup}.as_count()",
			map[string]map[int]float64{greenTag: {0: 0.2, 1: 0}},
		},
		"group with whole": {
			"sum:" + requests + lb + " by {targetgroup}.as_count() / sum:" + requests + lb + ".as_count()",
			map[string]map[int]float64{blueTag: {0: 0.8, 1: 0.8, 2: 1}, greenTag: {0: 0.2, 1: 0.2, 2: 0}},
		},
		"precedence":   {"1 + 2 * sum:" + elbErrors + lb + " - (4 - 2) / 2", map[string]map[int]float64{"": {1: 10, 3: 6}}},
		"negative":     {"-sum:" + elbErrors + lb, map[string]map[int]float64{"": {1: -5, 3: -3}}},
		"abs":          {"abs(sum:" + elbErrors + lb + " - 4)", map[string]map[int]float64{"": {1: 1, 3: 1}}},
		"half":         {"0.5 * sum:" + elbErrors + lb, map[string]map[int]float64{"": {1: 2.5, 3: 1.5}}},
		"divided by 0": {"sum:" + elbErrors + lb + " / 0", map[string]map[int]float64{"": {1: null, 3: null}}},
		"over":         {"10 / sum:" + elbErrors + lb + ".as_count()", map[string]map[int]float64{"": {1: 2, 3: 10.0 / 3}}},
	}
}

func approximately() cmp.Option {
	return cmp.Comparer(func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 })
}

func TestAnswerShape(t *testing.T) {
	t.Parallel()
	m, ctx, server := client(t, datadog.Config{})
	query := "sum:" + requests + "{" + lbTags + "} by {targetgroup}.as_count()"
	from, to := start.Unix(), start.Add(4*time.Minute).Unix()
	resp, raw, err := m.QueryMetrics(ctx, from, to, query)
	if err != nil {
		t.Fatal(err)
	}
	if resp.GetStatus() != "ok" || resp.GetResType() != "time_series" || resp.GetFromDate() != from*1000 ||
		resp.GetToDate() != to*1000 || resp.GetQuery() != query || len(resp.GroupBy) != 1 || resp.GroupBy[0] != "targetgroup" {
		t.Errorf("answer %+v", resp)
	}
	s := resp.Series[0]
	if s.GetMetric() != requests || s.GetDisplayName() != requests || s.GetAggr() != "sum" || s.GetInterval() != 60 || s.GetLength() != 3 ||
		s.GetStart() != from*1000 || s.GetEnd() != (from+179)*1000 || s.GetScope() != lbTags+","+blueTag || s.GetExpression() != query {
		t.Errorf("series %+v", s)
	}
	for _, h := range []string{"X-RateLimit-Limit", "X-RateLimit-Period", "X-RateLimit-Remaining", "X-RateLimit-Reset"} {
		if raw.Header.Get(h) == "" {
			t.Errorf("no header %s", h)
		}
	}
	if server.Queries() != 1 {
		t.Errorf("%d queries", server.Queries())
	}
	formula, _, err := m.QueryMetrics(ctx, from, to, "2 * "+query)
	if err != nil || formula.Series[0].HasAggr() && formula.Series[0].GetAggr() != "" || formula.Series[0].GetScope() != blueTag {
		t.Errorf("formula %+v, %v", formula.Series, err)
	}
}

func TestIntervals(t *testing.T) {
	t.Parallel()
	m, ctx, _ := client(t, datadog.Config{})
	for _, c := range []struct {
		window time.Duration
		query  string
		want   int64 // seconds
	}{
		{4 * time.Minute, "sum:" + requests + "{*}", 60},
		{24 * time.Hour, "sum:" + requests + "{*}", 300},
		{365 * 24 * time.Hour, "sum:" + requests + "{*}", 28800},                        // never more than 1500 points
		{4 * time.Minute, "sum:" + requests + "{*}.rollup(1)", 60},                      // never finer than the store
		{30 * 24 * time.Hour, "default_zero(sum:" + requests + "{*}.rollup(60))", 1920}, // nor more points
	} {
		resp, _, err := m.QueryMetrics(ctx, start.Unix(), start.Add(c.window).Unix(), c.query)
		if err != nil || resp.Series[0].GetInterval() != c.want {
			t.Errorf("%s over %s: %+v, %v", c.query, c.window, resp.Series, err)
		}
	}
}

func TestRefusedQueries(t *testing.T) {
	t.Parallel()
	m, ctx, _ := client(t, datadog.Config{})
	for query, want := range map[string]string{
		"sum:" + requests:                "line 1, column 37",
		"sum:a{*} /\n  moon(sum:b{*})":   "line 2, column 3",
		"total:a{*}":                     "line 1, column 1",
		"sum:a{b:c":                      "line 1, column 6",
		"sum:a{b}":                       "line 1, column 6",
		"sum:a{a:b OR c:d}":              "line 1, column 6",
		"sum:a{*}.rate()":                "line 1, column 10",
		"sum:a{*}.rollup(median, 5)":     "line 1, column 17",
		"sum:a{*}.rollup(sum, 0)":        "line 1, column 22",
		"sum:a{*}.fill(guess)":           "line 1, column 15",
		"sum:a{*} sum:b{*}":              "line 1, column 10",
		"(sum:a{*}":                      "line 1, column 10",
		"sum:a{*} +":                     "line 1, column 11",
		"sum:a{*} % 2":                   "line 1, column 10",
		"sum:a{*} by host":               "line 1, column 13",
		"1 + 1":                          "names no metric",
		strings.Repeat("(", 60) + "1":    "nested",
		strings.Repeat("1+", 3000) + "1": "more than 2000 parts",
		"sum:a{*} + " + strings.Repeat("1", 33<<10): "longer than",
	} {
		_, raw, err := m.QueryMetrics(ctx, start.Unix(), start.Unix()+60, query)
		if err == nil || raw.StatusCode != http.StatusBadRequest {
			t.Errorf("%.40q: %v", query, err)
			continue
		}
		var generic dd.GenericOpenAPIError
		if !errors.As(err, &generic) {
			t.Errorf("%.40q: %v is not the client's error", query, err)
		}
		body := string(generic.Body())
		if !strings.Contains(body, want) || !strings.Contains(body, `"status":"error"`) {
			t.Errorf("%.40q: body %s, want %q", query, body, want)
		}
	}
	for _, c := range [][2]int64{{60, 60}, {120, 60}, {-5, 60}} {
		if _, raw, err := m.QueryMetrics(ctx, c[0], c[1], "sum:a{*}"); err == nil || raw.StatusCode != http.StatusBadRequest {
			t.Errorf("from %d to %d: %v", c[0], c[1], err)
		}
	}
}

func TestUsersLiteralQuery(t *testing.T) {
	t.Parallel()
	m, ctx, _ := client(t, datadog.Config{})
	text, err := os.ReadFile("testdata/scenario.query")
	if err != nil {
		t.Fatal(err)
	}
	resp, _, err := m.QueryMetrics(ctx, start.Unix(), start.Add(4*time.Minute).Unix(), string(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[int]float64{0: 0, 1: 0.05, 2: 0, 3: null}, points(resp.Series[0]), approximately()); diff != "" {
		t.Error(diff)
	}
}
