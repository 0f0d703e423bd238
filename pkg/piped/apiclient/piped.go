package apiclient

import (
	"context"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
)

// ReportMeta tells the control plane about this agent when it starts. It
// returns the agent's name and the address of the web pages, which may be empty.
func (c *Client) ReportMeta(ctx context.Context, meta model.PipedMeta) (name, webBaseURL string, err error) {
	res, err := call(ctx, c.reading("reporting what this piped is"), c.piped.ReportPipedMeta, convert.PipedMetaToPB(meta))
	return res.GetName(), res.GetWebBaseUrl(), err
}

// ReportStat gives a sign of life. It matters to control planes without a
// stream; a Session that polls gives one by itself.
func (c *Client) ReportStat(ctx context.Context) error {
	_, err := call(ctx, c.reading(livingSign), c.piped.ReportStat, &pipedservice.ReportStatRequest{})
	return err
}

const livingSign = "reporting that this piped is alive"

// reportStat gives a sign of life, without trying again, and returns after how
// long the control plane wants the next one.
func (c *Client) reportStat(ctx context.Context) (time.Duration, error) {
	res, err := attempt(ctx, c.reading(livingSign), c.piped.ReportStat, &pipedservice.ReportStatRequest{})
	seconds := res.GetReportInterval()
	if seconds <= 0 || seconds > int64(maxStatInterval/time.Second) {
		return maxStatInterval, err
	}
	return max(time.Duration(seconds)*time.Second, pollInterval), err
}

// ListUnhandledCommands returns the commands this agent has not answered.
func (c *Client) ListUnhandledCommands(ctx context.Context) ([]*model.Command, error) {
	res, err := call(ctx, c.reading("listing commands").bulk(), c.piped.ListUnhandledCommands, &pipedservice.ListUnhandledCommandsRequest{})
	if err != nil {
		return nil, err
	}
	commands := make([]*model.Command, 0, len(res.GetCommands()))
	for _, p := range res.GetCommands() {
		commands = append(commands, convert.CommandFromPB(p))
	}
	return commands, nil
}

// ReportCommandHandled answers a command. A zero time means now.
func (c *Client) ReportCommandHandled(ctx context.Context, commandID string, h model.Handled) error {
	h.At = orNow(h.At)
	_, err := call(ctx, c.acting("answering command "+commandID), c.piped.ReportCommandHandled, convert.HandledToPB(commandID, h))
	return err
}
