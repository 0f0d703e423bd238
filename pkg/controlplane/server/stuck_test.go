package server

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/bcrypt"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/filestore/local"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
	rpcauth "pipecd/pkg/rpc/auth"
)

// pipes is a listener of connections without a network, so that time can be
// virtual. A pipe holds nothing: what is not read is not written.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

type pipeAddr struct{}

func (pipeAddr) Network() string { return "tcp" }
func (pipeAddr) String() string  { return "127.0.0.1:1" }

// addressed is a pipe whose ends have addresses, as the server wants them.
type addressed struct{ net.Conn }

func (addressed) RemoteAddr() net.Addr { return pipeAddr{} }
func (addressed) LocalAddr() net.Addr  { return pipeAddr{} }

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return addressed{c}, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error {
	close(p.closed)
	return nil
}

func (pipes) Addr() net.Addr { return pipeAddr{} }

func (p pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, served := net.Pipe()
	p.conns <- served
	return client, nil
}

// stuck is a server in virtual time, with the headers of an agent and a person.
type stuck struct {
	t      *testing.T
	pipes  pipes
	header http.Header
}

// inVirtualTime runs the test with a server, and ends it afterwards.
func inVirtualTime(t *testing.T, test func(s *stuck)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(dir, "pipecd.db")})
		if err != nil {
			t.Fatal(err)
		}
		files, err := local.Open(filepath.Join(dir, "files"))
		if err != nil {
			t.Fatal(err)
		}
		hash, err := bcrypt.GenerateFromPassword([]byte("x"), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		project := &model.Project{ID: "dev", StaticAdmin: &model.StaticAdmin{Username: "admin", PasswordHash: string(hash)}}
		o := Options{
			Store: store, Files: files, Projects: []*model.Project{project}, SessionKey: make([]byte, 32), Logger: slog.New(slog.DiscardHandler),
			Observer: observe.Or(nil), UI: fstest.MapFS{"index.html": {Data: []byte("<head></head>" + strings.Repeat("x", 1<<20))}},
		}
		handler, err := newHandler(t.Context(), o, newWiring(o))
		if err != nil {
			t.Fatal(err)
		}
		s := &stuck{t: t, pipes: pipes{make(chan net.Conn), make(chan struct{})}}
		s.header = s.credentials(o, project)
		server := newHTTPServer(o.Logger, handler)
		go func() { _ = server.Serve(s.pipes) }()
		t.Cleanup(func() {
			for _, err := range []error{server.Close(), store.Close(), files.Close()} {
				if err != nil {
					t.Error(err)
				}
			}
		})
		test(s)
	})
}

func (s *stuck) credentials(o Options, project *model.Project) http.Header {
	key, now := rpcauth.NewKey(), time.Now()
	piped := &model.Piped{ID: model.NewID(), Name: "p", ProjectID: project.ID, Keys: []model.PipedKey{{Hash: rpcauth.HashKey(key), CreatedAt: now}}, CreatedAt: now, UpdatedAt: now}
	if err := o.Store.AddPiped(s.t.Context(), piped); err != nil {
		s.t.Fatal(err)
	}
	value, err := rpcauth.PipedCredential{ProjectID: project.ID, PipedID: piped.ID, Key: key}.Authorization()
	if err != nil {
		s.t.Fatal(err)
	}
	sessions := auth.NewSessions(auth.SessionOptions{Key: o.SessionKey, Projects: auth.NewProjects(o.Projects, o.Store), Ended: o.Store})
	cookie, _, err := sessions.Start(project.ID, project.StaticAdmin, now)
	if err != nil {
		s.t.Fatal(err)
	}
	return http.Header{"Authorization": {value}, "Cookie": {cookie.Name + "=" + cookie.Value}, "Connect-Protocol-Version": {"1"}, "Te": {"trailers"}, "Accept": {"*/*"}}
}

// Whoever sends a request that never arrives whole is cut off, on every path and
// in every protocol, without having to be told who it is.
func TestSlowRequestsAreCutOff(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, func(s *stuck) {
		calls := []string{webPrefix + "Login", webPrefix + "GetMe", webPrefix + "Subscribe", pipedPrefix + "ReportStat", legacyPrefix + "ReportStat", agentPrefix + "Record", agentPrefix + "Connect"}
		for _, http2 := range []bool{false, true} {
			for _, path := range append(calls, "/", "/healthz", "/webhook/github", webPrefix+"None") {
				for _, contentType := range []string{"application/json", "application/proto", "application/connect+proto", "application/grpc", "application/grpc-web+proto"} {
					if took := s.sendSlowly(http2, path, contentType); took > readTimeout+time.Second {
						s.t.Errorf("HTTP/2 %t: %s of %s lasted %s", http2, path, contentType, took)
					}
				}
			}
		}
	})
}

// sendSlowly posts a body that never ends and returns how long that was possible.
func (s *stuck) sendSlowly(http2 bool, path, contentType string) time.Duration {
	transport := &http.Transport{DialContext: s.pipes.dial, Protocols: new(http.Protocols), DisableKeepAlives: !http2}
	transport.Protocols.SetHTTP1(!http2)
	transport.Protocols.SetUnencryptedHTTP2(http2)
	defer transport.CloseIdleConnections()
	body, feed := io.Pipe()
	defer func() { _ = feed.Close() }()
	started := time.Now()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Hour)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://pipecd"+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header = s.header.Clone()
	r.Header.Set("Content-Type", contentType)
	go func() { _, _ = feed.Write([]byte{0, 0}) }()
	resp, err := transport.RoundTrip(r)
	if err == nil {
		_, _ = io.Copy(io.Discard, resp.Body) // until it is cut
		_ = resp.Body.Close()
	}
	return time.Since(started)
}

// Headers that do not end, and answers that are not read, hold a connection for a
// short while only.
func TestStuckConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, func(s *stuck) {
		for what, c := range map[string]struct {
			send string
			most time.Duration
		}{
			"nothing is sent":           {"", idleTimeout},
			"headers do not end":        {"GET / HTTP/1.1\r\nHost: x\r\n", readHeaderTimeout},
			"the page is not read":      {"GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n", writeTimeout},
			"an answer is not read":     {"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", writeTimeout},
			"the rest is not read":      {"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", writeTimeout},
			"HTTP/2 and nothing more":   {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", pingAfter + pingTimeout + idleTimeout},
			"a body that is never sent": {"POST " + webPrefix + "Login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnect-Protocol-Version: 1\r\nContent-Length: 10\r\n\r\n", writeTimeout},
		} {
			conn, _ := s.pipes.dial(s.t.Context(), "", "")
			started := time.Now()
			go func() { _, _ = conn.Write([]byte(c.send)) }()
			// Everything is in order for the server but that nobody reads, until it is over.
			time.Sleep(c.most + time.Second)
			if !ended(conn) {
				s.t.Errorf("%s: the connection lives after %s", what, time.Since(started))
			}
			_ = conn.Close()
		}
	})
}

// ended reports whether the server has closed the connection: what it wrote
// before can be read no more either.
func ended(conn net.Conn) bool {
	if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		return true
	}
	_, err := io.Copy(io.Discard, conn)
	return err == nil || errors.Is(err, io.ErrClosedPipe)
}

// A stream that is read lasts; one that is not read ends.
func TestStreamsNeedAReader(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, func(s *stuck) {
		conn, _ := s.pipes.dial(s.t.Context(), "", "")
		defer func() { _ = conn.Close() }()
		const topics = `{"topics":[{"key":"l","list":{"list":"LIST_APPLICATIONS"}}]}`
		r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, "http://pipecd"+webPrefix+"Subscribe", strings.NewReader("\x00\x00\x00\x00"+string(rune(len(topics)))+topics))
		if err != nil {
			s.t.Fatal(err)
		}
		r.Header = s.header.Clone()
		r.Header.Set("Content-Type", "application/connect+json")
		go func() { _ = r.Write(conn) }()
		resp, err := http.ReadResponse(bufio.NewReader(conn), r)
		if err != nil || resp.StatusCode != http.StatusOK {
			s.t.Fatal(resp, err)
		}
		started, beats := time.Now(), 0
		for time.Since(started) < 10*readTimeout {
			buffer := make([]byte, 64)
			if _, err := resp.Body.Read(buffer); err != nil {
				s.t.Fatalf("the stream ended after %s: %v: %q", time.Since(started), err, buffer)
			}
			beats++
		}
		if beats < 10 {
			s.t.Errorf("%d pieces in %s", beats, time.Since(started))
		}
		time.Sleep(15*time.Second + sendTimeout + time.Second) // a heartbeat, and nobody reads it
		if !ended(conn) {
			s.t.Error("the stream lives although nobody reads")
		}
	})
}
