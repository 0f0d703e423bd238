package pipedapi

import (
	"context"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
	"pipecd/pkg/rpc/convert"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
)

// ListUnhandledCommands returns what the agent has not answered, oldest first.
func (s *Service) ListUnhandledCommands(ctx context.Context, _ *pipedservice.ListUnhandledCommandsRequest) (*pipedservice.ListUnhandledCommandsResponse, error) {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return nil, err
	}
	if s.nothingWaits(caller.Piped.ID) {
		return &pipedservice.ListUnhandledCommandsResponse{}, nil
	}
	commands, err := s.store.ListUnhandledCommands(ctx, caller.Piped.ID)
	if err != nil {
		return nil, err
	}
	var resp pipedservice.ListUnhandledCommandsResponse
	for _, c := range commands {
		resp.Commands = append(resp.Commands, convert.CommandToPB(c))
	}
	return &resp, nil
}

// ReportCommandHandled records the agent's answer to a command. An output is
// kept beside it, before the answer: who sees the answer finds the output.
func (s *Service) ReportCommandHandled(ctx context.Context, req *pipedservice.ReportCommandHandledRequest) (*pipedservice.ReportCommandHandledResponse, error) {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return nil, err
	}
	c, err := s.store.GetCommand(ctx, req.GetCommandId())
	switch {
	case err != nil:
		return nil, missing(err, "get command "+req.GetCommandId())
	case c.PipedID != caller.Piped.ID:
		err := notOf(caller, c.ProjectID, "command", c.ID, "command "+c.ID+" is not for piped "+caller.Piped.ID)
		return nil, missing(err, "get command "+c.ID)
	}
	if err := checkSize("the output of command "+c.ID, len(req.GetOutput()), maxOutputSize); err != nil {
		return nil, err
	}
	if output := req.GetOutput(); len(output) > 0 && c.Status == model.CommandNotHandled {
		if err := s.files.Put(ctx, "command-output/"+c.ID+".json", output); err != nil {
			return nil, model.Wrap(model.CodeOf(err), err, "storing the output of command "+c.ID)
		}
	}
	handled, now := convert.HandledFromPB(req), s.clock.Now()
	answered, err := s.store.UpdateCommand(ctx, caller.Fence, c.ID, func(c *model.Command) error {
		return c.ReportHandled(handled, now)
	})
	if err != nil {
		return nil, err
	}
	s.hub.Notify(notify.Command(answered.ID))
	if err := s.tellChainRefused(ctx, answered); err != nil {
		return nil, err
	}
	if c.Status == model.CommandNotHandled { // not a repeat
		s.to.Count(ctx, observe.Commands, 1, answered.Type.String(), answered.Status.String())
	}
	return &pipedservice.ReportCommandHandledResponse{}, nil
}
