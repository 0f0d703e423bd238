package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"pipecd/pkg/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

func (c *ctl) newPiped() *cobra.Command {
	cmd := &cobra.Command{
		Use: "piped", Short: "Add and list agents, disable them, replace their keys",
		Example: `  pipecd ctl piped add my-piped
  pipecd ctl piped list
  pipecd ctl piped disable my-piped
  pipecd ctl piped add-key my-piped`,
	}
	cmd.AddCommand(c.newPipedAdd(), c.newPipedList(), c.newPipedDisable(), c.newPipedEnable(), c.newPipedAddKey(), c.newPipedDeleteOldKeys())
	return cmd
}

func (c *ctl) newPipedAdd() *cobra.Command {
	var description, keyFile string
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Register an agent and print its key, once",
		Example: `  pipecd ctl piped add my-piped
  pipecd ctl piped add my-piped --key-file ./piped-key`,
		Args: args("name"),
	}
	cmd.Flags().StringVar(&description, "description", "", "what the agent is for")
	cmd.Flags().StringVar(&keyFile, "key-file", "", "write the key to this new file instead of printing it")
	cmd.RunE = c.talk(func(ctx context.Context, cl *client, args []string) error {
		if keyFile != "" {
			// Before the agent exists: its key cannot be shown a second time.
			if _, err := os.Stat(keyFile); err == nil {
				return usagef("--key-file %s exists already", keyFile)
			}
		}
		resp, err := cl.RegisterPiped(ctx, &webv1.RegisterPipedRequest{Name: args[0], Description: description})
		if err != nil {
			return cl.explain(err)
		}
		return c.showPiped(resp, cl.address, keyFile)
	})
	return cmd
}

func (c *ctl) showPiped(resp *webv1.RegisterPipedResponse, address, keyFile string) error {
	asJSON, err := c.json()
	if err != nil {
		return err
	}
	key := "pipedKeyFile: piped-key # a file that holds the key"
	if keyFile != "" {
		if err := writeSecret(keyFile, []byte(resp.GetKey())); err != nil {
			return fmt.Errorf("the key cannot be written (%w); it is: %s", err, resp.GetKey())
		}
		resp.Key = ""
		if keyFile, err = filepath.Abs(keyFile); err != nil {
			return err
		}
		key = "pipedKeyFile: " + keyFile
	}
	if asJSON {
		return writeJSON(c.out, resp)
	}
	if err := c.printf("Id  %s\n", resp.GetId()); err != nil {
		return err
	}
	if resp.GetKey() != "" {
		if err := c.printf("Key %s\n\nThe key is shown only now.\n", resp.GetKey()); err != nil {
			return err
		}
	}
	s, err := c.loadSession()
	if err != nil {
		return err
	}
	return c.printf(pipedText, s.ProjectID, resp.GetId(), key, apiAddress(address), startHint(address))
}

// pipedText is how the agent's file begins, and what to do with it.
const pipedText = `
The agent's configuration, such as piped.yaml, begins with:

apiVersion: pipecd.dev/v1beta1
kind: Piped
spec:
  projectID: %s
  pipedID: %s
  %s
  apiAddress: %s

Its repositories and providers follow; pipecd quickstart --print-config shows how.
Start it with %s
`

// apiAddress is the control plane as the agent's configuration names it:
// host:port, without a scheme.
func apiAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	if u.Port() != "" {
		return u.Host
	}
	port := "443"
	if u.Scheme == "http" {
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// startHint is how the agent is started: it is told of a control plane without
// TLS, and leaves the admin port to one on the same machine.
func startHint(address string) string {
	command := "piped run --config-file=piped.yaml"
	if strings.HasPrefix(address, "http://") {
		command += " --insecure"
	}
	if u, err := url.Parse(address); err == nil && isLoopback(u.Hostname()) {
		command += " --admin-port=9086"
	}
	return command
}

func (c *ctl) newPipedList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the agents",
		Example: `  pipecd ctl piped list
  pipecd ctl piped list -o json`,
		Args: args(),
		RunE: c.talk(func(ctx context.Context, cl *client, _ []string) error {
			all := &webv1.ListPipedsResponse{}
			if err := cl.eachPiped(ctx, func(p *webv1.Piped) { all.Pipeds = append(all.Pipeds, p) }); err != nil {
				return err
			}
			if asJSON, err := c.json(); err != nil || asJSON {
				return writeJSON(c.out, all)
			}
			t := table{header: []string{"ID", "NAME", "STATUS", "VERSION", "STARTED"}}
			for _, listed := range all.GetPipeds() {
				p := listed.GetPiped()
				t.add(p.GetId(), p.GetName(), p.GetStatus().String(), orDash(p.GetVersion()), unixTime(p.GetStartedAt()))
			}
			return t.write(c.out)
		}),
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (cl *client) eachPiped(ctx context.Context, do func(*webv1.Piped)) error {
	cursor := ""
	for {
		resp, err := cl.ListPipeds(ctx, &webv1.ListPipedsRequest{Cursor: cursor})
		if err != nil {
			return cl.explain(err)
		}
		for _, p := range resp.GetPipeds() {
			do(p)
		}
		if cursor = resp.GetCursor(); cursor == "" {
			return nil
		}
	}
}

// pipedID returns the id of the agent with the id or name.
func (cl *client) pipedID(ctx context.Context, name string) (string, error) {
	id := ""
	err := cl.eachPiped(ctx, func(p *webv1.Piped) {
		if p.GetPiped().GetId() == name || p.GetPiped().GetName() == name {
			id = p.GetPiped().GetId()
		}
	})
	if err == nil && id == "" {
		err = model.Errorf(model.CodeNotFound, "there is no piped %q; `pipecd ctl piped list` shows which there are", name)
	}
	return id, err
}
