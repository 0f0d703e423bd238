package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// Waiting for an agent's answer.
const (
	commandPoll    = 200 * time.Millisecond
	commandPollMax = 2 * time.Second
	commandHint    = 10 * time.Second
	commandTimeout = 10 * time.Minute
)

// awaitCommand returns the agent's answer when there is one. An answer that is a
// refusal is an error.
func (c *ctl) awaitCommand(ctx context.Context, cl *client, id string) (*modelpb.Command, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, commandTimeout, model.Errorf(model.CodeUnavailable,
		"the agent has not answered within %s; it will when it runs again", commandTimeout))
	defer cancel()
	hint := time.AfterFunc(commandHint, func() {
		_, _ = fmt.Fprintln(c.err, "The agent has not answered yet; `pipecd ctl piped list` says whether it is online.") // only a hint
	})
	defer hint.Stop()
	interval := commandPoll
	for {
		resp, err := cl.GetCommand(ctx, &webv1.GetCommandRequest{CommandId: id})
		if err != nil {
			return nil, cl.explain(err)
		}
		command := resp.GetCommand()
		switch status := model.CommandStatus(command.GetStatus()); status {
		case model.CommandSucceeded:
			return command, nil
		case model.CommandFailed, model.CommandTimeout:
			reason := cmp.Or(command.GetMetadata()[model.CommandMetadataReason], "the agent gave no reason")
			return nil, model.Errorf(model.CodeFailedPrecondition, "the agent answered %s: %s", status, reason)
		case model.CommandNotHandled:
		}
		if err := pause(ctx, interval); err != nil {
			return nil, err
		}
		interval = min(interval*3/2, commandPollMax)
	}
}

// showCommand prints a command that was issued, after its answer if wait is set.
func (c *ctl) showCommand(ctx context.Context, cl *client, id string, wait bool) error {
	if wait {
		if _, err := c.awaitCommand(ctx, cl, id); err != nil {
			return err
		}
	}
	asJSON, err := c.json()
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(c.out, &webv1.SyncApplicationResponse{CommandId: id})
	}
	if wait {
		return c.printf("Done.\n")
	}
	return c.printf("The agent was told (command %s).\n", id)
}
