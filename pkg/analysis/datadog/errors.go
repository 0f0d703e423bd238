package datadog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadog"

	"pipecd/pkg/analysis"
	"pipecd/pkg/model"
)

// What can go wrong before there is a status to explain.
var (
	errTooLong    = fmt.Errorf("the answer is longer than %d MiB", maxAnswerBytes>>20)
	errPanic      = errors.New("the client library could not handle the answer")
	errNoResponse = errors.New("there was no answer")
)

const (
	// maxReason bounds what is quoted of Datadog's own words.
	maxReason = 300
	// maxRetryAfter bounds how long Datadog may make us wait.
	maxRetryAfter = 10 * time.Minute
)

// explain turns a failed call into an error of the port. response may be nil.
func (p *Provider) explain(ctx context.Context, response *http.Response, err error) error {
	switch {
	case ctx.Err() != nil:
		return model.Wrap(model.CodeUnavailable, context.Cause(ctx), "ask Datadog at "+p.base)
	case errors.Is(err, errTooLong):
		return model.Errorf(model.CodeInvalid, "Datadog at %s: %w: narrow the query to fewer series", p.base, errTooLong)
	case response == nil || (response.StatusCode == http.StatusOK && reason(err) == ""):
		return p.hide(model.Wrap(model.CodeUnavailable, err, "Datadog at "+p.base+" gave no usable answer"))
	case response.StatusCode == http.StatusOK:
		return p.hide(model.Errorf(model.CodeUnavailable, "Datadog at %s gave an answer that cannot be read: %s", p.base, reason(err)))
	}
	return p.hide(later(response, p.refusal(response.StatusCode, reason(err))))
}

// refusal explains an HTTP status other than 200 and says what to do.
func (p *Provider) refusal(status int, why string) error {
	if why == "" {
		why = http.StatusText(status)
	}
	switch {
	case status == http.StatusBadRequest || status == http.StatusUnprocessableEntity:
		return model.Errorf(model.CodeInvalid, "Datadog at %s rejected the query: %s", p.base, why)
	case status == http.StatusUnauthorized:
		return model.Errorf(model.CodeUnauthenticated, "Datadog at %s did not accept %s (401: %s): %s", p.base, p.suspects(why), why, keyAdvice)
	case status == http.StatusForbidden:
		return model.Errorf(model.CodePermissionDenied, "Datadog at %s refused %s (403: %s): %s", p.base, p.suspects(why), why, keyAdvice)
	case status == http.StatusTooManyRequests:
		return model.Errorf(model.CodeExhausted, "Datadog at %s limits the rate of queries (429: %s)", p.base, why)
	case status == http.StatusRequestTimeout || status >= http.StatusInternalServerError:
		return model.Errorf(model.CodeUnavailable, "Datadog at %s is not available (%d: %s)", p.base, status, why)
	case status >= http.StatusMultipleChoices && status < http.StatusBadRequest:
		return model.Errorf(model.CodeInvalid, "the Datadog address %s redirects (%d), which is not followed: set the address it redirects to", p.base, status)
	case status == http.StatusNotFound:
		return model.Errorf(model.CodeInvalid, "there is no Datadog API at %s (404): check the address", p.base)
	case status >= http.StatusBadRequest:
		return model.Errorf(model.CodeInvalid, "Datadog at %s rejected the query (%d: %s)", p.base, status, why)
	default: // 1xx and the rest of 2xx do not occur
		return model.Errorf(model.CodeUnavailable, "Datadog at %s gave no answer but status %d", p.base, status)
	}
}

const keyAdvice = "check that the key is right and not revoked, that it belongs to this site, and that the application key has the scope timeseries_query"

// suspects names the keys that a refusal may be about, by where they come from.
// Datadog mostly says just Forbidden; then both are named.
func (p *Provider) suspects(why string) string {
	api, app := "the API key from "+p.keys.API.source, "the application key from "+p.keys.Application.source
	why = strings.ToLower(why)
	aboutApp := strings.Contains(why, "application key") || strings.Contains(why, "app key") || strings.Contains(why, "scope")
	aboutAPI := strings.Contains(why, "api key")
	switch {
	case aboutApp && !aboutAPI:
		return app
	case aboutAPI && !aboutApp:
		return api
	default:
		return api + " or " + app
	}
}

// later adds when to ask again, if the response says.
func later(response *http.Response, err error) error {
	if !model.IsRetryable(err) {
		return err
	}
	wait := max(seconds(response.Header.Get("X-Ratelimit-Reset")), retryAfter(response.Header.Get("Retry-After")))
	if wait <= 0 {
		return err
	}
	return &analysis.RetryAfterError{After: min(wait, maxRetryAfter), Err: err}
}

// retryAfter reads seconds or a date.
func retryAfter(header string) time.Duration {
	if at, err := http.ParseTime(header); err == nil {
		return time.Until(at)
	}
	return seconds(header)
}

func seconds(header string) time.Duration {
	n, err := strconv.ParseInt(strings.TrimSpace(header), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(min(n, int64(maxRetryAfter/time.Second))) * time.Second
}

// reason is what Datadog said, or the library about what it said.
func reason(err error) string {
	api, ok := errors.AsType[datadog.GenericOpenAPIError](err)
	if !ok {
		return ""
	}
	// Two shapes of error occur. The library knows one of them, and requires it.
	var said struct {
		Errors []string `json:"errors"`
		Error  string   `json:"error"`
	}
	if json.Unmarshal(api.ErrorBody, &said) == nil {
		if text := shorten(strings.Join(append(said.Errors, said.Error), " ")); text != "" {
			return text
		}
	}
	return shorten(api.ErrorMessage)
}

// shorten makes one bounded line of a foreign text.
func shorten(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason], "") + "..."
	}
	return text
}

// hide blots the keys out of the text of an error. A server that echoes its
// request, or a proxy, could put them there. The code and the time to ask again
// stay; the chain of causes, which may repeat the key, does not.
func (p *Provider) hide(err error) error {
	text := err.Error()
	blotted := strings.NewReplacer(
		p.keys.API.reveal(), "[API key]",
		p.keys.Application.reveal(), "[application key]",
	).Replace(text)
	if blotted == text {
		return err
	}
	hidden := model.Errorf(model.CodeOf(err), "%s", blotted)
	if wait, ok := errors.AsType[*analysis.RetryAfterError](err); ok {
		return &analysis.RetryAfterError{After: wait.After, Err: hidden}
	}
	return hidden
}
