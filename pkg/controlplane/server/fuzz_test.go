package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"pipecd/pkg/controlplane/server"
	"pipecd/pkg/controlplane/webhook"
	"pipecd/pkg/rpc/auth"
)

// alarm is a log handler that keeps the first line that no request may cause: of a
// defect, or of a panic.
type alarm struct{ first atomic.Pointer[string] }

func (a *alarm) Enabled(context.Context, slog.Level) bool { return true }
func (a *alarm) WithAttrs([]slog.Attr) slog.Handler       { return a }
func (a *alarm) WithGroup(string) slog.Handler            { return a }

func (a *alarm) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError || strings.Contains(r.Message, "panic") {
		line := r.Message
		r.Attrs(func(attr slog.Attr) bool {
			line += " " + attr.String()
			return true
		})
		a.first.CompareAndSwap(nil, &line)
	}
	return nil
}

// check fails the test if something was heard.
func (a *alarm) check(t *testing.T) {
	t.Helper()
	if line := a.first.Swap(nil); line != nil {
		t.Error(*line)
	}
}

// target is a server that is thrown at, and what is known there.
type target struct {
	*alarm

	address    string
	transports [2]*http.Transport // of HTTP/1.1 and HTTP/2
	paths      []string
	header     http.Header // of an agent and a person who are known
}

func newTarget(f *testing.F) (*target, []seed) {
	f.Helper()
	t := &target{alarm: &alarm{}}
	secrets := f.TempDir() + "/secrets"
	writeFile(f, secrets, strings.Repeat("s", 32))
	hooks, err := webhook.ReadSecrets(secrets)
	if err != nil {
		f.Fatal(err)
	}
	w := setupWith(f, f.TempDir(), func(o *server.Options) { o.Logger, o.Webhook = slog.New(t.alarm), hooks })
	t.address = w.addresses.Public
	for i := range t.transports {
		t.transports[i] = &http.Transport{Protocols: new(http.Protocols), DisableCompression: true}
		t.transports[i].Protocols.SetHTTP1(i == 0)
		t.transports[i].Protocols.SetUnencryptedHTTP2(i == 1)
		f.Cleanup(t.transports[i].CloseIdleConnections)
	}
	a := w.agent("dev", "a")
	md, _ := metadata.FromOutgoingContext(a.ctx)
	t.header = http.Header{
		"Authorization": md.Get(auth.HeaderAuthorization), "Cookie": {w.cookie("dev")}, "Connect-Protocol-Version": {"1"}, "Te": {"trailers"},
		"X-Gitlab-Token": {strings.Repeat("s", 32)}, "X-Gitlab-Event": {"Push Hook"},
	}
	seeds := t.seeds(w, a)
	return t, seeds
}

// seed is one request to begin with: the number of a path, and a good message.
type seed struct {
	path    int
	message []byte
}

// seeds fills the paths, and returns a good request for each.
func (g *target) seeds(w *world, a *agent) []seed {
	th := w.things("dev", a, "web")
	var out []seed
	add := func(path string, input protoreflect.MessageDescriptor, text string) {
		m := newMessage(w.t, input)
		if err := prototext.Unmarshal([]byte(text), m); err != nil {
			w.t.Fatal(err)
		}
		raw, err := proto.Marshal(m)
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, seed{len(g.paths), raw})
		g.paths = append(g.paths, path)
	}
	agents, people := trusted(), asked()
	// In order, so that a path has the same number in every process.
	for _, name := range slices.Sorted(maps.Keys(agents)) {
		add("/"+name, agentMethods()[name].Input(), fill(agents[name].request, a, "dev", th))
	}
	for _, name := range slices.Sorted(maps.Keys(people)) {
		who := a
		if slices.Contains([]string{"DisablePiped", "DeleteOldPipedKeys", "UpdatePiped"}, name) {
			who = &agent{id: "nobody"} // who throws is not to be locked out
		}
		add("/"+webService+name, webMethods()[name].Input(), fill(people[name], who, "dev", th))
	}
	for _, path := range []string{"/", "/healthz", "/webhook/github", "/webhook/gitlab", "/assets/x.js", "//", "/pipe.api.service.pipedservice.PipedService/ReportStat", "/" + webService, "/" + webService + "Nothing"} {
		out = append(out, seed{len(g.paths), []byte(`{"ref":"refs/heads/main"}`)})
		g.paths = append(g.paths, path)
	}
	return out
}

var contentTypes = []string{
	"application/grpc", "application/grpc+proto", "application/grpc-web+proto", "application/grpc-web-text", "application/proto", "application/json",
	"application/connect+proto", "application/connect+json", "text/plain", "application/x-www-form-urlencoded", "", "application/grpc+thrift",
}

var encodings = []string{"", "gzip", "br", "identity"}

// framings are how a message is put into a body.
const (
	bare = iota
	framed
	framedCompressed
	framedTwice
	framings
)

func frame(how uint8, message []byte) []byte {
	switch how % framings {
	case framed:
		return enveloped(0, message)
	case framedCompressed:
		return enveloped(1, message)
	case framedTwice:
		return append(enveloped(0, message), enveloped(0, message)...)
	default:
		return message
	}
}

// FuzzRequests throws requests at every path, in every protocol, by who is known
// and who is not: none may be answered as if it were a defect of the server, or
// be one.
func FuzzRequests(f *testing.F) {
	t, seeds := newTarget(f)
	for i, s := range seeds {
		for n, contentType := range contentTypes {
			how := uint8(bare)
			if strings.Contains(contentType, "grpc") || strings.Contains(contentType, "connect") {
				how = framed
			}
			if (i+n)%len(contentTypes) < 3 || n == 0 { // a part of them; fuzzing finds the rest
				f.Add(uint16(s.path), uint8(n), how, uint8(0), n%2 == 1, n%5 != 4, "1", s.message)
			}
		}
	}
	f.Add(uint16(0), uint8(5), uint8(bare), uint8(1), false, true, "", []byte("{}"))
	f.Add(uint16(1), uint8(6), uint8(framedCompressed), uint8(1), true, true, "99999999999", []byte("\x1f\x8b"))
	f.Fuzz(func(tt *testing.T, path uint16, contentType, framing, encoding uint8, http2, known bool, option string, body []byte) {
		if len(body) > 1<<20 {
			return
		}
		t.throw(tt, throwing{
			path: t.paths[int(path)%len(t.paths)], contentType: contentTypes[int(contentType)%len(contentTypes)], encoding: encodings[int(encoding)%len(encodings)],
			http2: http2, known: known, option: option, body: frame(framing, body),
		})
	})
}

type throwing struct {
	path, contentType, encoding, option string
	http2, known                        bool
	body                                []byte
}

func (g *target) throw(t *testing.T, x throwing) {
	t.Helper()
	// Streams that are in order last; they are left soon.
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+g.address+x.path, bytes.NewReader(x.body))
	if err != nil {
		t.Skip()
	}
	if x.known {
		r.Header = g.header.Clone()
	}
	if strings.HasSuffix(x.path, "/Logout") || strings.HasSuffix(x.path, "/Login") {
		r.Header.Del("Cookie") // who throws stays logged in
	}
	r.Header.Set("Content-Type", x.contentType)
	for _, name := range []string{"Content-Encoding", "Grpc-Encoding", "Connect-Content-Encoding"} {
		if x.encoding != "" {
			r.Header.Set(name, x.encoding)
		}
	}
	if option := strings.Map(printable, x.option); option != "" {
		for _, name := range []string{"Connect-Timeout-Ms", "Grpc-Timeout", auth.HeaderLeaseEpoch, "Accept", "X-Forwarded-For"} {
			r.Header.Set(name, option)
		}
	}
	transport := g.transports[0]
	if x.http2 {
		transport = g.transports[1]
	}
	resp, err := transport.RoundTrip(r)
	if err == nil {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<20)) // a stream breaks off
		_ = resp.Body.Close()
		g.judge(t, x, resp, string(text))
	}
	g.check(t)
}

// judge fails the test for an answer that blames the server.
func (g *target) judge(t *testing.T, x throwing, resp *http.Response, text string) {
	t.Helper()
	code := resp.Trailer.Get("Grpc-Status") + resp.Header.Get("Grpc-Status")
	// Not known here, not in this version of HTTP, not within the time that the
	// request says: a store that was broken off by it does not answer.
	meant := []int{http.StatusNotImplemented, http.StatusHTTPVersionNotSupported, http.StatusGatewayTimeout, http.StatusServiceUnavailable}
	bad := resp.StatusCode >= http.StatusInternalServerError && !slices.Contains(meant, resp.StatusCode) || slices.Contains([]string{"2", "13", "15"}, code)
	for _, sign := range []string{`"code":"internal"`, `"code":"unknown"`, `"code":"data_loss"`, "grpc-status: 13", "grpc-status: 2\r"} {
		bad = bad || strings.Contains(text, sign)
	}
	if bad {
		t.Errorf("%s was answered with %s, gRPC status %q %s%s: %.300s", fmt.Sprintf("%s %s %s HTTP/2 %t known %t %q %.200q", x.path, x.contentType, x.encoding, x.http2, x.known, x.option, x.body), resp.Status, code, resp.Trailer.Get("Grpc-Message"), resp.Header.Get("Grpc-Message"), text)
	}
}

func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}

// FuzzConnections sends bytes that need not be HTTP.
func FuzzConnections(f *testing.F) {
	t, _ := newTarget(f)
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	for _, text := range []string{
		"", "\x16\x03\x01", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST /" + webService + "Login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnect-Protocol-Version: 1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
		"POST /" + webService + "Login HTTP/1.1\r\nHost: x\r\nContent-Type: application/grpc-web-text\r\nContent-Length: 4\r\n\r\n\x80\x80",
		"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "GET http://a:b@c/ HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
		preface, preface + "\x00\x00\x00\x04\x00\x00\x00\x00\x00", preface + "\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x05\x01\x05\x00\x00\x00\x01\x82\x86\x84\x41\x01",
		preface + "\xff\xff\xff\x00\x00\x00\x00\x00\x01", "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(tt *testing.T, text []byte) {
		conn, err := new(net.Dialer).DialContext(tt.Context(), "tcp", t.address)
		if err != nil {
			tt.Fatalf("the server is gone: %v", err)
		}
		_ = conn.SetDeadline(time.Now().Add(300 * time.Millisecond)) // what is in order may last
		_, _ = conn.Write(text)
		if half, ok := conn.(*net.TCPConn); ok {
			_ = half.CloseWrite()
		}
		answer, _ := io.ReadAll(io.LimitReader(conn, 1<<20))
		_ = conn.Close()
		if s := string(answer); strings.HasPrefix(s, "HTTP/1.1 5") && !strings.HasPrefix(s, "HTTP/1.1 501") && !strings.HasPrefix(s, "HTTP/1.1 505") {
			tt.Errorf("%q was answered with %.300q", text, s)
		}
		t.check(tt)
	})
}
