package server_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/grpc/metadata"

	"pipecd/pkg/rpc/auth"
)

// bomb is very little that becomes very much.
func bomb(t *testing.T, size int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range size / len(zeros) {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// enveloped is a message as gRPC frames it; flag 1 says that it is compressed.
func enveloped(flag byte, message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{flag}, uint32(len(message))), message...)
}

// What is larger than the limit, or becomes so, is refused in every protocol, and
// is not held in memory first.
func TestLargeMessagesAreRefused(t *testing.T) { //nolint:paralleltest // it measures memory
	w := setup(t)
	a := w.agent("dev", "a")
	md, _ := metadata.FromOutgoingContext(a.ctx)
	credential := md.Get(auth.HeaderAuthorization)[0]
	const size = 256 << 20
	small, large := bomb(t, size), make([]byte, 11<<20)
	const login, meta = "/" + webService + "Login", "/grpc.service.pipedservice.PipedService/ReportPipedMeta"
	for _, c := range []struct {
		what, path, contentType, encodingHeader string
		body                                    []byte
		http2                                   bool
	}{
		{"a Connect bomb at the login", login, "application/json", "Content-Encoding", small, false},
		{"a Connect bomb of bytes", login, "application/proto", "Content-Encoding", small, true},
		{"a gRPC-Web bomb", login, "application/grpc-web+proto", "Grpc-Encoding", enveloped(1, small), false},
		{"a gRPC bomb at the login", login, "application/grpc", "Grpc-Encoding", enveloped(1, small), true},
		{"a bomb on a stream", "/" + webService + "Subscribe", "application/connect+proto", "Connect-Content-Encoding", enveloped(1, small), false},
		{"an agent's gRPC bomb", meta, "application/grpc", "Grpc-Encoding", enveloped(1, small), true},
		{"an agent's Connect bomb", meta, "application/proto", "Content-Encoding", small, false},
		{"a large message at the login", login, "application/json", "", large[:1<<20], false},
		{"an agent's large message", meta, "application/grpc", "", enveloped(0, large), true},
		{"a message that says it is of 4 GB", meta, "application/grpc", "", []byte{0, 255, 255, 255, 255, 1, 2, 3}, true},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		header := http.Header{"Content-Type": {c.contentType}, "Connect-Protocol-Version": {"1"}, "Authorization": {credential}, "Cookie": {w.cookie("dev")}, "Te": {"trailers"}}
		if c.encodingHeader != "" {
			header.Set(c.encodingHeader, "gzip")
		}
		answer := w.exchange(c.http2, c.path, header, c.body)
		for range 5 { // over HTTP/1 an answer that comes before the request was read can be lost with the connection
			if !strings.Contains(answer, "reset by peer") && !strings.Contains(answer, "broken pipe") {
				break
			}
			answer = w.exchange(c.http2, c.path, header, c.body)
		}
		if !strings.Contains(answer, "larger than this call takes") || strings.Contains(answer, "resource_exhausted") { // which clients repeat
			t.Errorf("%s: %s", c.what, answer)
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > size/2 {
			t.Errorf("%s: %d MB were used", c.what, used>>20)
		}
	}
	if _, err := w.invoke(t.Context(), "grpc.service.pipedservice.PipedService/ReportStat", ""); err == nil {
		t.Error("without a credential")
	}
	if _, err := w.invoke(a.ctx, "grpc.service.pipedservice.PipedService/ReportStat", ""); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// exchange posts and returns the status, headers, body and trailers of the answer
// as text.
func (w *world) exchange(http2 bool, path string, header http.Header, body []byte) string {
	w.t.Helper()
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true, Protocols: new(http.Protocols)}
	transport.Protocols.SetHTTP1(!http2)
	transport.Protocols.SetUnencryptedHTTP2(http2)
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.addresses.Public+path, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header = header
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return err.Error()
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20)) // what came before it broke
	var out strings.Builder
	out.WriteString(resp.Status + "\n")
	_ = resp.Header.Write(&out)
	out.Write(text)
	if i := bytes.Index(text, []byte{0x1f, 0x8b}); i >= 0 { // who sends compressed gets compressed
		if inside, err := gzip.NewReader(bytes.NewReader(text[i:])); err == nil {
			inside.Multistream(false)
			_, _ = io.Copy(&out, inside)
		}
	}
	_ = resp.Trailer.Write(&out)
	_ = resp.Body.Close()
	return out.String()
}

// Headers have a limit on both versions of HTTP.
func TestLargeHeadersAreRefused(t *testing.T) {
	t.Parallel()
	w := setup(t)
	header := browser()
	header.Set("Cookie", strings.Repeat("a=b; ", 40_000))
	if got := w.exchange(false, "/"+webService+"Logout", header.Clone(), []byte("{}")); !strings.HasPrefix(got, "431 ") {
		t.Errorf("HTTP/1.1: %.200s", got)
	}
	if got := w.exchange(true, "/"+webService+"Logout", header.Clone(), []byte("{}")); strings.HasPrefix(got, "200 ") {
		t.Errorf("HTTP/2: %.200s", got)
	}
	if got := w.exchange(true, "/"+webService+"Logout", browser(), []byte("{}")); !strings.HasPrefix(got, "200 ") {
		t.Errorf("afterwards: %.200s", got)
	}
}
