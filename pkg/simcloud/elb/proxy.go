package elb

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// proxy is the data plane of one listener.
type proxy struct {
	b       *Balancers
	l       *listener
	reverse *httputil.ReverseProxy
}

func (b *Balancers) newProxy(l *listener) *proxy {
	p := &proxy{b: b, l: l}
	p.reverse = &httputil.ReverseProxy{
		Transport:      b.transport,
		Rewrite:        rewrite,
		ModifyResponse: answered,
		ErrorHandler:   failed,
		// What it would log is recorded as an error with a cause.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	return p
}

// exchange is one forwarded request; it travels in the request's context.
type exchange struct {
	b       *Balancers
	group   *group
	member  *member
	client  context.Context //nolint:containedctx // one request's, and so is this struct; ends when the client goes away
	cancel  context.CancelCauseFunc
	silence *time.Timer // the idle timeout, until the answer begins
	started time.Time
	begun   bool // the answer's head has gone to the client
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	e, _ := ctx.Value(exchangeKey{}).(*exchange)
	return e
}

// ServeHTTP routes one request.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.b.mu.Lock()
	decided := p.b.world.route(p.l, r)
	owner := p.l.balancer
	p.b.mu.Unlock()

	switch {
	case decided.action.Type == types.ActionTypeEnumRedirect:
		redirect(w, r, decided.action.RedirectConfig)
	case decided.action.Type == types.ActionTypeEnumFixedResponse:
		fixedResponse(w, decided.action.FixedResponseConfig)
	case decided.member == nil:
		name := ""
		if decided.group != nil {
			name = decided.group.name
		}
		p.b.recordError(owner, ErrorRecord{
			Status: noTarget.status(), Cause: blame(noTarget, decided.fault), TargetGroup: name, Reason: noTarget.String(),
		})
		answerError(w, noTarget.status())
	default:
		p.forward(w, r, decided)
	}
}

func (p *proxy) forward(w http.ResponseWriter, r *http.Request, decided route) {
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	stay := context.AfterFunc(decided.member.gone, func() { cancel(errDeregistered) }) //nolint:contextcheck // of the target, beside the request's
	defer stay()
	silence := time.AfterFunc(p.b.cfg.IdleTimeout, func() { cancel(errIdleTimeout) })
	defer silence.Stop()

	e := &exchange{
		b: p.b, group: decided.group, member: decided.member, client: r.Context(), cancel: cancel,
		silence: silence, started: time.Now(),
	}
	p.b.count(metricRequests, p.b.groupTags(decided.group))
	completed := false
	defer func() {
		p.b.mu.Lock()
		e.member.inFlight--
		p.b.mu.Unlock()
		if !completed && e.begun && e.client.Err() == nil {
			// The reverse proxy panics to cut the client's connection when the
			// answer broke off after its head.
			e.fail(classify(io.ErrUnexpectedEOF, context.Cause(ctx)), 0)
		}
	}()
	p.reverse.ServeHTTP(w, r.WithContext(context.WithValue(ctx, exchangeKey{}, e)))
	completed = true
}

// rewrite addresses the request to the chosen target.
func rewrite(pr *httputil.ProxyRequest) {
	e := exchangeOf(pr.In.Context())
	pr.SetXForwarded()
	pr.Out.Host = pr.In.Host
	pr.Out.URL.Scheme = "http"
	e.b.mu.Lock()
	pr.Out.URL.Host = e.member.target.Addr
	e.b.mu.Unlock()
	if pr.Out.Body == nil {
		// net/http would repeat a bodiless request on a fresh connection when a
		// reused one breaks; a load balancer does not send a request twice.
		pr.Out.Body = once{}
	}
}

// once is an empty body that cannot be sent again.
type once struct{}

func (once) Read([]byte) (int, error) { return 0, io.EOF }
func (once) Close() error             { return nil }

// answered records the target's answer as its head arrives.
func answered(resp *http.Response) error {
	e := exchangeOf(resp.Request.Context())
	e.silence.Stop()
	e.begun = true
	e.b.recordAnswer(e, resp.StatusCode)
	return nil
}

// failed answers a request whose target did not.
func failed(w http.ResponseWriter, r *http.Request, err error) {
	e := exchangeOf(r.Context())
	if e.client.Err() != nil {
		return // the client went away (AWS notes that as a 460); nobody to answer
	}
	f := classify(err, context.Cause(r.Context()))
	e.fail(f, f.status())
	answerError(w, f.status())
}

// fail records the failure; status 0 is an answer that broke off.
func (e *exchange) fail(f failure, status int) {
	e.b.mu.Lock()
	t := e.member.target
	owner := e.group.owner
	e.b.mu.Unlock()
	e.b.recordError(owner, ErrorRecord{
		Status: status, Cause: blame(f, t.Fault), TargetGroup: e.group.name, Target: t.ID, Reason: f.String(),
	})
}

// answerError is the page a load balancer makes itself.
func answerError(w http.ResponseWriter, status int) {
	title := strconv.Itoa(status) + " " + http.StatusText(status)
	w.Header().Set("Server", "awselb/2.0")
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<html>\n<head><title>%s</title></head>\n<body><h1>%s</h1></body>\n</html>\n", title, title)
}

func fixedResponse(w http.ResponseWriter, c *types.FixedResponseActionConfig) {
	status, err := strconv.Atoi(aws.ToString(c.StatusCode))
	if err != nil {
		status = http.StatusInternalServerError
	}
	contentType := aws.ToString(c.ContentType)
	if contentType == "" {
		contentType = "text/plain; charset=utf-8"
	}
	w.Header().Set("Server", "awselb/2.0")
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, aws.ToString(c.MessageBody))
}

// redirect answers with the URL in which the placeholders are filled in.
func redirect(w http.ResponseWriter, r *http.Request, c *types.RedirectActionConfig) {
	port := "80"
	if _, p, ok := strings.Cut(r.Host, ":"); ok {
		port = p
	}
	fill := strings.NewReplacer(
		"#{protocol}", "http", "#{host}", hostOnly(r.Host), "#{port}", port,
		"#{path}", strings.TrimPrefix(r.URL.Path, "/"), "#{query}", r.URL.RawQuery)
	part := func(s *string, keep string) string {
		if s == nil {
			s = &keep
		}
		return fill.Replace(*s)
	}
	location := strings.ToLower(part(c.Protocol, "#{protocol}")) + "://" + part(c.Host, "#{host}") +
		":" + part(c.Port, "#{port}") + part(c.Path, "/#{path}")
	if query := part(c.Query, "#{query}"); query != "" {
		location += "?" + query
	}
	status := http.StatusFound
	if c.StatusCode == permanentRedirect {
		status = http.StatusMovedPermanently
	}
	w.Header().Set("Server", "awselb/2.0")
	w.Header().Set("Location", location)
	w.WriteHeader(status)
}
