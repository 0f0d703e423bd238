package wiretest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"google.golang.org/grpc/codes"
)

// Client calls a gRPC server on plaintext HTTP/2. It is safe for concurrent use.
type Client struct {
	http    *http.Client
	address string // host:port
}

// NewClient returns a client of the server at the address. Close ends its
// connections.
func NewClient(address string) *Client {
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	return &Client{http: &http.Client{Transport: transport}, address: address}
}

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Status is how a call ended.
type Status struct {
	Code    codes.Code
	Message string
}

// Call calls the method at the path, such as "/package.Service/Method", with an
// encoded request. It returns the encoded response, which is nil unless the code
// is OK. The error is for what is not gRPC.
func (c *Client) Call(ctx context.Context, path string, metadata map[string]string, request []byte) ([]byte, Status, error) {
	frame := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(request))) // tests send little
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.address+path, bytes.NewReader(append(frame, request...)))
	if err != nil {
		return nil, Status{}, err
	}
	req.Header.Set("Content-Type", "application/grpc")
	req.Header.Set("Te", "trailers")
	for name, value := range metadata {
		req.Header.Set(name, value)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, Status{}, err
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, Status{}, err
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/grpc" {
		return nil, Status{}, fmt.Errorf("%s answered with %s and %q, which is not gRPC", path, resp.Status, resp.Header.Get("Content-Type"))
	}
	status, err := statusOf(resp)
	if err != nil || status.Code != codes.OK {
		return nil, status, err
	}
	if len(body) < 5 || body[0] != 0 || int(binary.BigEndian.Uint32(body[1:])) != len(body)-5 {
		return nil, status, fmt.Errorf("%s answered with %d bytes that are not one message", path, len(body))
	}
	return body[5:], status, nil
}

// statusOf looks where gRPC puts the status: behind the message, or in front
// when there is none.
func statusOf(resp *http.Response) (Status, error) {
	header := resp.Trailer
	if header.Get("Grpc-Status") == "" {
		header = resp.Header
	}
	code, err := strconv.ParseUint(header.Get("Grpc-Status"), 10, 8)
	if err != nil {
		return Status{}, fmt.Errorf("the answer has no status: %w", err)
	}
	message, err := url.PathUnescape(header.Get("Grpc-Message"))
	return Status{Code: codes.Code(code), Message: message}, err
}
