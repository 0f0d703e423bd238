package datadog_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	dd "github.com/DataDog/datadog-api-client-go/v2/api/datadog"
	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV1"

	"pipecd/pkg/simcloud/datadog"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(datadog.New(datadog.Config{Source: samples(), APIKey: "api-key", ApplicationKey: "app-key"}))
	t.Cleanup(server.Close)
	keyless := httptest.NewServer(datadog.New(datadog.Config{Source: samples()}))
	t.Cleanup(keyless.Close)
	for name, c := range map[string]struct {
		server   *httptest.Server
		api, app string
		query    int
		validate int
	}{
		"right":           {server, "api-key", "app-key", 200, 200},
		"wrong api key":   {server, "x", "app-key", 403, 403},
		"wrong app key":   {server, "api-key", "x", 403, 200},
		"none":            {server, "", "", 403, 403},
		"none configured": {keyless, "", "", 403, 403},
	} {
		ctx := keys(t.Context(), c.server.URL, c.api, c.app)
		m := api(c.server.URL, c.server.Client())
		_, raw, err := m.QueryMetrics(ctx, start.Unix(), start.Unix()+60, "sum:"+requests+"{*}")
		if raw == nil || raw.StatusCode != c.query || (err == nil) != (c.query == 200) {
			t.Errorf("%s: query gave %+v, %v", name, raw, err)
		}
		config := dd.NewConfiguration()
		config.HTTPClient = c.server.Client()
		_, raw, err = datadogV1.NewAuthenticationApi(dd.NewAPIClient(config)).Validate(ctx)
		if raw == nil || raw.StatusCode != c.validate || (err == nil) != (c.validate == 200) {
			t.Errorf("%s: validate gave %+v, %v", name, raw, err)
		}
	}
}

func TestMisbehaviour(t *testing.T) {
	t.Parallel()
	m, ctx, server := client(t, datadog.Config{})
	ask := func() (datadogV1.MetricsQueryResponse, *http.Response, error) {
		return m.QueryMetrics(ctx, start.Unix(), start.Unix()+60, "sum:"+requests+"{*}")
	}
	server.Misbehave(
		datadog.Fault{Kind: datadog.RateLimited, Reset: 7 * time.Second},
		datadog.Fault{Kind: datadog.ServerError, Status: http.StatusServiceUnavailable},
		datadog.Fault{Kind: datadog.Malformed},
		datadog.Fault{Kind: datadog.ErrorStatus},
		datadog.Fault{Kind: datadog.Hang},
	)
	if _, raw, err := ask(); err == nil || raw.StatusCode != http.StatusTooManyRequests || raw.Header.Get("X-RateLimit-Reset") != "7" {
		t.Errorf("rate limited: %+v, %v", raw, err)
	}
	if _, raw, err := ask(); err == nil || raw.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("server error: %+v, %v", raw, err)
	}
	if _, raw, err := ask(); err == nil || raw.StatusCode != http.StatusOK {
		t.Errorf("malformed: %+v, %v", raw, err)
	}
	if resp, _, err := ask(); err != nil || resp.GetStatus() != "error" || resp.Series != nil {
		t.Errorf("error status: %+v, %v", resp, err)
	}
	impatient, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, _, err := m.QueryMetrics(impatient, start.Unix(), start.Unix()+60, "sum:"+requests+"{*}"); err == nil {
		t.Error("a query that hangs was answered")
	}
	if resp, _, err := ask(); err != nil || len(resp.Series) != 1 {
		t.Errorf("afterwards: %+v, %v", resp, err)
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	m, ctx, _ := client(t, datadog.Config{RateLimit: 2})
	for i := range 3 {
		_, raw, err := m.QueryMetrics(ctx, start.Unix(), start.Unix()+60, "sum:"+requests+"{*}")
		if want := i == 2; (err != nil) != want {
			t.Errorf("query %d: %+v, %v", i, raw, err)
		}
	}
}
