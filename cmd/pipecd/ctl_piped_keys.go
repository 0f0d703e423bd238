package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// newPipedDisable returns the command for an agent that must not act any more,
// also one whose key somebody else may have.
func (c *ctl) newPipedDisable() *cobra.Command {
	return &cobra.Command{
		Use:   "disable PIPED",
		Short: "Refuse an agent, within a second on every replica",
		Example: `  pipecd ctl piped disable my-piped
  pipecd ctl piped disable 3f5c9a1e-8f0a-4f0e-9a53-3a6f9b1f6d55`,
		Args:              args("piped"),
		ValidArgsFunction: c.completePiped,
		RunE: c.talkOfPiped(func(ctx context.Context, cl *client, id string) error {
			if _, err := cl.DisablePiped(ctx, &webv1.DisablePipedRequest{PipedId: id}); err != nil {
				return cl.explain(err)
			}
			return c.printf("The piped is disabled: its calls are refused until `pipecd ctl piped enable`.\n")
		}),
	}
}

func (c *ctl) newPipedEnable() *cobra.Command {
	return &cobra.Command{
		Use:               "enable PIPED",
		Short:             "Let a disabled agent work again",
		Example:           `  pipecd ctl piped enable my-piped`,
		Args:              args("piped"),
		ValidArgsFunction: c.completePiped,
		RunE: c.talkOfPiped(func(ctx context.Context, cl *client, id string) error {
			if _, err := cl.EnablePiped(ctx, &webv1.EnablePipedRequest{PipedId: id}); err != nil {
				return cl.explain(err)
			}
			return c.printf("The piped is enabled; it goes on by itself if it runs.\n")
		}),
	}
}

func (c *ctl) newPipedAddKey() *cobra.Command {
	var keyFile string
	cmd := &cobra.Command{
		Use:   "add-key PIPED",
		Short: "Make a second key of an agent and print it, once",
		Long: `Make a second key of an agent and print it, once. Both keys work, so the agent can be
given the new one and restarted in peace; then delete the old one with
` + "`pipecd ctl piped delete-old-keys`. An agent has at most two keys.",
		Example: `  pipecd ctl piped add-key my-piped
  pipecd ctl piped add-key my-piped --key-file ./piped-key`,
		Args:              args("piped"),
		ValidArgsFunction: c.completePiped,
	}
	cmd.Flags().StringVar(&keyFile, "key-file", "", "write the key to this new file instead of printing it")
	cmd.RunE = c.talkOfPiped(func(ctx context.Context, cl *client, id string) error {
		if keyFile != "" {
			// Before the key exists: it cannot be shown a second time.
			if _, err := os.Stat(keyFile); err == nil {
				return usagef("--key-file %s exists already", keyFile)
			}
		}
		resp, err := cl.AddPipedKey(ctx, &webv1.AddPipedKeyRequest{PipedId: id})
		if err != nil {
			return cl.explain(err)
		}
		return c.showKey(resp, keyFile)
	})
	return cmd
}

func (c *ctl) showKey(resp *webv1.AddPipedKeyResponse, keyFile string) error {
	if keyFile != "" {
		if err := writeSecret(keyFile, []byte(resp.GetKey())); err != nil {
			return fmt.Errorf("the key cannot be written (%w); it is: %s", err, resp.GetKey())
		}
		return c.printf("The key is in %s. The older one works, too, until `pipecd ctl piped delete-old-keys`.\n", keyFile)
	}
	if asJSON, err := c.json(); err != nil || asJSON {
		return writeJSON(c.out, resp)
	}
	return c.printf("Key %s\n\nThe key is shown only now. The older one works, too, until `pipecd ctl piped delete-old-keys`.\n", resp.GetKey())
}

func (c *ctl) newPipedDeleteOldKeys() *cobra.Command {
	return &cobra.Command{
		Use:               "delete-old-keys PIPED",
		Short:             "Delete all keys of an agent but the newest",
		Example:           `  pipecd ctl piped delete-old-keys my-piped`,
		Args:              args("piped"),
		ValidArgsFunction: c.completePiped,
		RunE: c.talkOfPiped(func(ctx context.Context, cl *client, id string) error {
			if _, err := cl.DeleteOldPipedKeys(ctx, &webv1.DeleteOldPipedKeysRequest{PipedId: id}); err != nil {
				return cl.explain(err)
			}
			return c.printf("Only the newest key of the piped works now.\n")
		}),
	}
}

// talkOfPiped returns the function that runs do for the agent whose id or name
// is the argument.
func (c *ctl) talkOfPiped(do func(ctx context.Context, cl *client, id string) error) func(*cobra.Command, []string) error {
	return c.talk(func(ctx context.Context, cl *client, args []string) error {
		id, err := cl.pipedID(ctx, args[0])
		if err != nil {
			return err
		}
		return do(ctx, cl, id)
	})
}
