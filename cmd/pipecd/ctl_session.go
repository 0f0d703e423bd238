package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"

	"pipecd/pkg/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// session is what is kept between commands.
type session struct {
	Address   string    `json:"address"`
	ProjectID string    `json:"project"`
	Username  string    `json:"username"`
	Cookie    string    `json:"cookie"` // name=value
	ExpiresAt time.Time `json:"expiresAt"`
}

func (c *ctl) loadSession() (session, error) {
	path, err := c.sessionFile()
	if err != nil {
		return session{}, err
	}
	content, err := readLimited(path, maxSecretFile)
	if errors.Is(err, fs.ErrNotExist) {
		return session{}, model.Errorf(model.CodeUnauthenticated, "you are not logged in: run `pipecd ctl login --address URL --project ID --username NAME`")
	}
	if err != nil {
		return session{}, fmt.Errorf("the session cannot be read: %w", err)
	}
	var s session
	if err := json.Unmarshal(content, &s); err != nil {
		return session{}, fmt.Errorf("the session file %s is damaged (%w); log in again", path, err)
	}
	if time.Now().After(s.ExpiresAt) {
		return session{}, model.Errorf(model.CodeUnauthenticated, "your session ended at %s: log in again with `pipecd ctl login`", shortTime(s.ExpiresAt))
	}
	return s, nil
}

func (c *ctl) saveSession(s session) error {
	path, err := c.sessionFile()
	if err != nil {
		return err
	}
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the session: %w", err)
	}
	if err := writeSecret(path, append(content, '\n')); err != nil {
		return fmt.Errorf("the session cannot be kept: %w", err)
	}
	return nil
}

// login is `pipecd ctl login`.
type login struct {
	*ctl

	address      string
	project      string
	username     string
	passwordFile string
}

func (c *ctl) newLogin() *cobra.Command {
	l := &login{ctl: c}
	cmd := &cobra.Command{
		Use:   "login --address=URL --project=ID --username=NAME",
		Short: "Log in and keep the session for the other commands",
		Long: `Log in and keep the session for the other commands. The password is asked for,
read from the first line of standard input, or read from a file.`,
		Example: `  pipecd ctl login --address http://localhost:8080 --project my-project --username admin
  pipecd ctl login --address https://pipecd.example.com --project my-project --username admin --password-file ./password`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error { return l.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar(&l.address, "address", "http://localhost:8080", "base URL of the control plane")
	f.StringVar(&l.project, "project", "", "project (required)")
	f.StringVar(&l.username, "username", "", "user name (required)")
	f.StringVar(&l.passwordFile, "password-file", "", "file that holds the password")
	return cmd
}

func (l *login) run(ctx context.Context) error {
	u, err := url.Parse(l.address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return usagef("--address is %q; it must be a URL such as http://localhost:8080", l.address)
	case l.project == "":
		return usagef("--project is missing")
	case l.username == "":
		return usagef("--username is missing")
	}
	password, err := l.password()
	if err != nil {
		return err
	}
	if password == "" {
		return usagef("the password is empty: type it, put it on standard input, or name a file that holds it with --password-file")
	}
	ctx, info := connect.NewClientContext(ctx)
	cl := newClient(l.address, "")
	defer cl.close()
	resp, err := cl.Login(ctx, &webv1.LoginRequest{ProjectId: l.project, Username: l.username, Password: password})
	if err != nil {
		return cl.explainLogin(err)
	}
	cookie, err := sessionCookie(info.ResponseHeader().Values("Set-Cookie"))
	if err != nil {
		return err
	}
	if cookie.Secure && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return model.Errorf(model.CodeFailedPrecondition,
			"the control plane allows its sessions only over HTTPS: use an https:// address, or start the server with --insecure-cookie")
	}
	err = l.saveSession(session{
		Address: l.address, ProjectID: resp.GetProjectId(), Username: resp.GetUsername(),
		Cookie: cookie.Name + "=" + cookie.Value, ExpiresAt: time.Unix(resp.GetExpiresAt(), 0),
	})
	if err != nil {
		return err
	}
	return l.printf("Logged in to project %s as %s until %s.\n", resp.GetProjectId(), resp.GetUsername(), unixTime(resp.GetExpiresAt()))
}

// explainLogin leaves out the advice to log in.
func (cl *client) explainLogin(err error) error {
	var e *connect.Error
	if errors.As(err, &e) && e.IsRemote() && e.Code() == connect.CodeUnauthenticated {
		return model.Errorf(model.CodeUnauthenticated, "%s", e.Message())
	}
	return cl.explain(err)
}

func (l *login) password() (string, error) {
	if l.passwordFile == "" {
		return readPassword(l.env, "Password of "+l.username+": ")
	}
	content, err := readLimited(l.passwordFile, maxSecretFile)
	if err != nil {
		return "", usagef("the password cannot be read: %s", err)
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}

func sessionCookie(headers []string) (*http.Cookie, error) {
	for _, h := range headers {
		if cookie, err := http.ParseSetCookie(h); err == nil && cookie.Value != "" {
			return cookie, nil
		}
	}
	return nil, model.Errorf(model.CodeInternal, "the control plane answered without a session; is the address that of a control plane?")
}

// isLoopback reports whether what is sent to the host stays on this machine.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c *ctl) newLogout() *cobra.Command {
	return &cobra.Command{
		Use:   "logout",
		Short: "End the session and forget it",
		Long: `End the session at the control plane, and forget it here. When the control plane does
not answer, the session is forgotten here and stays valid there until its time is
over; the exit code is then 1.`,
		Example: `  pipecd ctl logout
  pipecd ctl logout --session-file ./other-session.json`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.logout(cmd.Context()) },
	}
}

// logout ends the session where it counts, and removes the file whatever comes
// of that: who logs out wants nobody to find it here.
func (c *ctl) logout(ctx context.Context) error {
	s, err := c.loadSession()
	ended := model.CodeOf(err) == model.CodeUnauthenticated // there is none, or its time is over
	if err == nil {
		err = endSession(ctx, s)
	}
	path, pathErr := c.sessionFile()
	if pathErr != nil {
		return pathErr
	}
	if removeErr := os.Remove(path); removeErr != nil && !errors.Is(removeErr, fs.ErrNotExist) {
		return errors.Join(err, fmt.Errorf("the session cannot be forgotten: %w", removeErr))
	}
	if err != nil && !ended {
		return err
	}
	return c.printf("Logged out.\n")
}

// logoutPatience is how long the control plane may take to end a session.
const logoutPatience = 10 * time.Second

func endSession(ctx context.Context, s session) error {
	ctx, cancel := context.WithTimeout(ctx, logoutPatience)
	defer cancel()
	cl := newClient(s.Address, s.Cookie)
	defer cl.close()
	_, err := cl.Logout(ctx, &webv1.LogoutRequest{})
	err = cl.explain(err)
	if err == nil || model.CodeOf(err) == model.CodeUnauthenticated {
		return nil
	}
	return model.Errorf(model.CodeOf(err), "the session is forgotten here, but it stays valid at the control plane until %s: %w", shortTime(s.ExpiresAt), err)
}
