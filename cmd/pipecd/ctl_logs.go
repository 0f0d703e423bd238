package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"pipecd/pkg/rpc/convert"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

func (c *ctl) newLogs() *cobra.Command {
	var (
		follow  bool
		attempt int32
	)
	cmd := &cobra.Command{
		Use:   "logs DEPLOYMENT STAGE",
		Short: "Print the log of a stage",
		Long:  "Print the log of a stage. " + stageHelp,
		Example: `  pipecd ctl logs 2f6d9a1e-… stage-0
  pipecd ctl logs 2f6d9a1e-… ANALYSIS --follow`,
		Args: args("deployment", "stage"),

		ValidArgsFunction: c.completeStage,
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the log is complete")
	cmd.Flags().Int32Var(&attempt, "attempt", 0, "log of this attempt of the stage, counted from 0")
	cmd.RunE = c.talk(func(ctx context.Context, cl *client, args []string) error {
		asJSON, err := c.json()
		if err != nil {
			return err
		}
		stage, err := cl.stageID(ctx, args[0], args[1])
		if err != nil {
			return err
		}
		s := logPrinter{screen: screen{out: c.out, paint: colours(c.env, c.out), json: asJSON}, stage: args[1]}
		if follow {
			return cl.explain(s.follow(ctx, cl, &webv1.WatchStageLogRequest{DeploymentId: args[0], StageId: stage, RetriedCount: attempt}))
		}
		return cl.explain(s.all(ctx, cl, &webv1.GetStageLogRequest{DeploymentId: args[0], StageId: stage, RetriedCount: attempt}))
	})
	return cmd
}

// logPrinter prints a log; as JSON one entry per line.
type logPrinter struct {
	screen

	stage string
}

func (p logPrinter) print(m *webv1.GetStageLogResponse) error {
	if !p.json {
		return p.log(p.stage, convert.LogBlocksFromPB(m.GetBlocks()))
	}
	for _, b := range m.GetBlocks() {
		if err := writeJSONLine(p.out, b); err != nil {
			return err
		}
	}
	return nil
}

// all prints what there is.
func (p logPrinter) all(ctx context.Context, cl *client, req *webv1.GetStageLogRequest) error {
	for {
		resp, err := cl.GetStageLog(ctx, req)
		if err != nil {
			return err
		}
		if err := p.print(resp); err != nil {
			return err
		}
		if !resp.GetMore() {
			return nil
		}
		req.OffsetIndex = resp.GetBlocks()[len(resp.GetBlocks())-1].GetIndex() + 1
	}
}

// follow prints what there is and what comes.
func (p logPrinter) follow(ctx context.Context, cl *client, req *webv1.WatchStageLogRequest) error {
	return again(ctx, func() error {
		stream, err := cl.WatchStageLog(ctx, req)
		if err != nil {
			return err
		}
		defer func() { _ = stream.Close() }() // nothing is lost: it is read, not written
		for {
			m, err := stream.Receive()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := p.print(&webv1.GetStageLogResponse{Blocks: m.GetBlocks()}); err != nil {
				return err
			}
			if n := len(m.GetBlocks()); n > 0 {
				req.OffsetIndex = m.GetBlocks()[n-1].GetIndex() + 1
			}
			if m.GetCompleted() {
				return nil
			}
		}
	})
}
