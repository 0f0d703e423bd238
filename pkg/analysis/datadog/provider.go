package datadog

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadog"
	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV1"

	"pipecd/pkg/analysis"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
)

// maxAnswerBytes bounds one answer after decompression. Some
// thousand series of a range of twenty minutes fit.
const maxAnswerBytes = 8 << 20

// Config says which Datadog to ask and how.
type Config struct {
	// Address is the host of a site, such as datadoghq.com, datadoghq.eu or
	// us5.datadoghq.com, or the base URL of something that speaks its API.
	// Defaults to DefaultAddress.
	Address string
	Keys    Keys
	// HTTPClient sends the requests; it is copied and not changed. Defaults to
	// one with a transport of its own, which uses the proxy of the environment.
	HTTPClient *http.Client
	Logger     *slog.Logger
	// Observer is told about queries; nil means nobody looks.
	Observer observe.Observer
}

// Provider is an analysis.Provider that asks Datadog.
type Provider struct {
	api     *datadogV1.MetricsApi
	base    string
	keys    Keys
	log     *slog.Logger
	to      observe.Observer
	clear   bool
	warning sync.Once
}

var _ analysis.Provider = (*Provider)(nil)

// New returns a Provider. It does not talk to Datadog yet. The error has
// CodeInvalid.
func New(cfg Config) (*Provider, error) {
	base, err := baseURL(cfg.Address)
	if err != nil {
		return nil, err
	}
	if cfg.Keys.API.reveal() == "" || cfg.Keys.Application.reveal() == "" {
		return nil, model.Errorf(model.CodeInvalid, "Datadog needs an API key and an application key")
	}
	if cfg.Logger == nil {
		return nil, model.Errorf(model.CodeInvalid, "the Datadog provider needs a logger")
	}
	client := datadog.NewConfiguration()
	client.Servers = datadog.ServerConfigurations{{URL: base}}
	client.HTTPClient = httpClient(cfg.HTTPClient)
	client.UserAgent = "pipecd " + client.UserAgent
	// Retrying is the caller's: it knows how much time a check has.
	client.RetryConfiguration.EnableRetry = false
	return &Provider{
		api:   datadogV1.NewMetricsApi(datadog.NewAPIClient(client)),
		base:  base,
		keys:  cfg.Keys,
		log:   cfg.Logger.With(slog.String("provider", "datadog"), slog.String("address", base)),
		to:    observe.Or(cfg.Observer),
		clear: inClear(base),
	}, nil
}

// Query implements analysis.Provider.
func (p *Provider) Query(ctx context.Context, q analysis.Query) (analysis.Result, error) {
	if strings.TrimSpace(q.Expr) == "" || !q.Window.From.Before(q.Window.To) || q.Lookback < 0 {
		return analysis.Result{}, model.Errorf(model.CodeInvalid, "ask Datadog: the query or its window (%s) is empty", q.Window)
	}
	if p.clear {
		p.warning.Do(func() {
			p.log.WarnContext(ctx, "the Datadog keys travel in clear text: use an address that begins with https://")
		})
	}
	ctx, end := p.to.Begin(ctx, observe.Operation{Kind: observe.DatadogQuery})
	result, err := p.ask(ctx, q)
	end("", err)
	return result, err
}

func (p *Provider) ask(ctx context.Context, q analysis.Query) (analysis.Result, error) {
	from, to := span(q, time.Now())
	answer, response, err := p.call(ctx, from, to, q.Expr) //nolint:bodyclose // the client library reads it to the end and closes it
	if err != nil {
		return analysis.Result{}, p.explain(ctx, response, err)
	}
	if response.StatusCode != http.StatusOK {
		return analysis.Result{}, p.explain(ctx, response, errors.New(response.Status))
	}
	result, err := read(answer, q)
	if err != nil {
		return analysis.Result{}, p.hide(err)
	}
	return result, nil
}

// span is the time to ask for, in seconds since 1970. It begins early enough
// to see a bucket that ends in the window, or the newest one before it. It ends
// after the window, because data after it proves that the window is complete,
// but not much after it: long ranges get coarse buckets.
func span(q analysis.Query, now time.Time) (from, to int64) {
	around := max(q.Lookback, q.Window.Length())
	from = q.Window.From.Add(-around).Unix()
	to = min(now.Unix(), q.Window.To.Add(around).Unix())
	return from, max(to, q.Window.To.Unix()+1)
}

// call makes the request. The library decodes whatever arrives into types that
// are not ours, so a panic in it is made an error.
func (p *Provider) call(ctx context.Context, from, to int64, expr string) (answer datadogV1.MetricsQueryResponse, response *http.Response, err error) {
	defer func() {
		if r := recover(); r != nil {
			p.log.ErrorContext(ctx, "the Datadog client panicked", slog.Any("panic", r), slog.String("stack", string(debug.Stack())))
			response, err = nil, errPanic
		}
	}()
	ctx = context.WithValue(ctx, datadog.ContextAPIKeys, map[string]datadog.APIKey{
		"apiKeyAuth": {Key: p.keys.API.reveal()},
		"appKeyAuth": {Key: p.keys.Application.reveal()},
	})
	answer, response, err = p.api.QueryMetrics(ctx, from, to, expr)
	if err == nil && response == nil {
		err = errNoResponse
	}
	return answer, response, err // explain makes the sentence
}

// httpClient returns a copy of client, or a client of our own, that follows no
// redirect (the keys would go along to another host) and bounds answers.
func httpClient(client *http.Client) *http.Client {
	own := http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}}
	if client != nil {
		own = *client
	}
	if own.Transport == nil {
		own.Transport = httpClient(nil).Transport
	}
	own.Transport = boundedTransport{own.Transport}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// boundedTransport fails the reading of an answer that is too long.
type boundedTransport struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err //nolint:wrapcheck // a RoundTripper passes errors on
	}
	response.Body = &boundedBody{ReadCloser: response.Body, left: maxAnswerBytes}
	return response, nil
}

// CloseIdleConnections lets http.Client.CloseIdleConnections through.
func (b boundedTransport) CloseIdleConnections() {
	if c, ok := b.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

type boundedBody struct {
	io.ReadCloser

	left int
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if n > b.left {
		return b.left, errTooLong
	}
	b.left -= n
	return n, err //nolint:wrapcheck // io.EOF must stay io.EOF
}
