package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/spf13/cobra"

	"pipecd/cmd/commandline"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	"pipecd/pkg/rpc/gen/pipecd/web/v1/webv1connect"
)

const sessionFileEnv = "PIPECD_SESSION_FILE"

// ctl is `pipecd ctl`: what its commands share.
type ctl struct {
	env

	sessionFlag string
	output      string
}

func newCtl(e env) *cobra.Command {
	c := &ctl{env: e}
	cmd := group(&cobra.Command{
		Use:   "ctl",
		Short: "Do what people do: log in, add agents and applications, deploy",
		Long: `Do what people do, without a browser: log in, add agents and applications,
deploy, watch, approve and cancel. Names can be used instead of ids where they
are unique.`,
		Example: `  pipecd ctl login --address http://localhost:8080 --project my-project --username admin
  pipecd ctl piped add my-piped
  pipecd ctl app add --name web --piped my-piped --provider ecs --repo shop --path web
  pipecd ctl app sync web --wait`,
	})
	cmd.PersistentFlags().StringVar(&c.sessionFlag, "session-file", "",
		"file that keeps the session (default $"+sessionFileEnv+", else pipecd/session.json in the user's configuration directory)")
	cmd.PersistentFlags().StringVarP(&c.output, "output", "o", "table", "form of the output: table for people, json for scripts")
	commandline.Complete(cmd, "output", "table", "json")
	cmd.AddCommand(
		c.newLogin(), c.newLogout(),
		group(c.newPiped()), group(c.newApp()), group(c.newDeployment()), group(c.newStage()),
		c.newLogs(),
	)
	return cmd
}

// json reports whether scripts read the output.
func (c *ctl) json() (bool, error) {
	switch c.output {
	case "table":
		return false, nil
	case "json":
		return true, nil
	default:
		return false, usagef("--output is %q; it must be table or json", c.output)
	}
}

func (c *ctl) sessionFile() (string, error) {
	if c.sessionFlag != "" {
		return c.sessionFlag, nil
	}
	if path := c.getenv(sessionFileEnv); path != "" {
		return path, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", usagef("there is no directory for the session (%s); name a file with --session-file", err)
	}
	return filepath.Join(dir, "pipecd", "session.json"), nil
}

// client is a control plane as a logged-in person sees it. It is closed after
// use.
type client struct {
	webv1connect.WebServiceClient

	address string
	close   func()
}

// maxAnswer is the most bytes of one answer; a log page and a deployment with
// its metadata stay below.
const maxAnswer = 32 << 20

// newClient returns a client of the control plane at address that sends the
// cookie.
func newClient(address, cookie string) *client {
	// Connections of its own: what one command cancels cannot disturb another.
	connections := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: handshakeTimeout}
	transport := connecthttp.NewTransport(
		&http.Client{Transport: withCookie{next: connections, cookie: cookie}},
		strings.TrimSuffix(address, "/"), connecthttp.WithReadMaxBytes(maxAnswer))
	return &client{
		WebServiceClient: webv1connect.NewWebServiceClient(connect.NewClient(transport)), address: address, close: connections.CloseIdleConnections,
	}
}

const handshakeTimeout = 10 * time.Second

type withCookie struct {
	next   http.RoundTripper
	cookie string
}

func (t withCookie) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.cookie != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Cookie", t.cookie)
	}
	return t.next.RoundTrip(r)
}

// connect returns a client with the stored session.
func (c *ctl) connect() (*client, error) {
	s, err := c.loadSession()
	if err != nil {
		return nil, err
	}
	return newClient(s.Address, s.Cookie), nil
}

// explain returns what a failed call means to the user.
func (cl *client) explain(err error) error {
	if err == nil {
		return nil
	}
	var e *connect.Error
	if errors.As(err, &e) && !e.IsRemote() && e.Code() == connect.CodeUnavailable {
		return model.Errorf(model.CodeUnavailable, "the control plane at %s does not answer: %w", cl.address, err)
	}
	err = convert.ErrorFromConnect(err)
	if model.CodeOf(err) == model.CodeUnauthenticated {
		return model.Errorf(model.CodeUnauthenticated, "%w (pipecd ctl login)", err)
	}
	return err
}

// handler is a command that talks to the control plane.
type handler func(ctx context.Context, cl *client, args []string) error

// talk returns the function that runs h with a client.
func (c *ctl) talk(h handler) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if _, err := c.json(); err != nil {
			return err
		}
		cl, err := c.connect()
		if err != nil {
			return err
		}
		defer cl.close()
		return h(cmd.Context(), cl, args)
	}
}

// printf writes to the command's output.
func (c *ctl) printf(format string, args ...any) error {
	_, err := fmt.Fprintf(c.out, format, args...)
	return err
}

// pause waits, or returns early when ctx is done.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
