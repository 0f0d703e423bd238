package main

import (
	"cmp"
	"context"
	"time"

	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// Waiting for an agent's answer.
const (
	commandPoll    = 200 * time.Millisecond
	commandPollMax = 2 * time.Second
)

// awaitCommand returns the agent's answer when there is one. An answer that is a
// refusal is an error.
func (cl *client) awaitCommand(ctx context.Context, id string) (*modelpb.Command, error) {
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
		if _, err := cl.awaitCommand(ctx, id); err != nil {
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
