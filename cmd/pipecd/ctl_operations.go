package main

import (
	"context"

	"github.com/spf13/cobra"

	"pipecd/cmd/commandline"
	"pipecd/pkg/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

func (c *ctl) newDeploymentCancel() *cobra.Command {
	var (
		wait     bool
		rollback string
	)
	cmd := &cobra.Command{
		Use:   "cancel ID",
		Short: "Cancel a deployment: what it changed is rolled back",
		Example: `  pipecd ctl deployment cancel 2f6d9a1e-… --wait
  pipecd ctl deployment cancel 2f6d9a1e-… --rollback never`,
		Args: args("id"),

		ValidArgsFunction: c.completeDeployment,
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until the agent has taken it up")
	cmd.Flags().StringVar(&rollback, "rollback", "auto", "undo what it changed: always, never, or auto, which is as the application's file says")
	commandline.Complete(cmd, "rollback", "auto", "always", "never")
	cmd.RunE = c.talk(func(ctx context.Context, cl *client, args []string) error {
		choice, err := parseRollback(rollback)
		if err != nil {
			return err
		}
		resp, err := cl.CancelDeployment(ctx, &webv1.CancelDeploymentRequest{DeploymentId: args[0], Rollback: choice})
		if err != nil {
			return cl.explain(err)
		}
		return c.showCommand(ctx, cl, resp.GetCommandId(), wait)
	})
	return cmd
}

func (c *ctl) newDeploymentRollBack() *cobra.Command {
	var (
		wait     bool
		strategy string
	)
	cmd := &cobra.Command{
		Use:   "rollback-to ID",
		Short: "Deploy what an earlier deployment brought out, without a revert in Git",
		Long: "Deploy what an earlier deployment, which succeeded, brought out, without a revert in Git. " +
			"It overrides the branch until the next deployment: the next commit of the application, or a sync.",
		Example: `  pipecd ctl deployment rollback-to 2f6d9a1e-…
  pipecd ctl deployment rollback-to 2f6d9a1e-… --strategy quick --wait`,
		Args: args("id"),

		ValidArgsFunction: c.completeDeployment,
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "show the deployment until it ends; the exit code is 0 only if it succeeded")
	cmd.Flags().StringVar(&strategy, "strategy", "auto", "how to deploy: auto, quick or pipeline")
	commandline.Complete(cmd, "strategy", "auto", "quick", "pipeline")
	cmd.RunE = c.talk(func(ctx context.Context, cl *client, args []string) error {
		how, err := parseStrategy(strategy)
		if err != nil {
			return err
		}
		resp, err := cl.RollBackTo(ctx, &webv1.RollBackToRequest{DeploymentId: args[0], Strategy: how})
		if err != nil {
			return cl.explain(err)
		}
		return c.showOrFollow(ctx, cl, resp.GetCommandId(), wait)
	})
	return cmd
}

// showOrFollow prints a command that asks for a deployment, or shows the
// deployment until it ends.
func (c *ctl) showOrFollow(ctx context.Context, cl *client, commandID string, wait bool) error {
	if !wait {
		return c.showCommand(ctx, cl, commandID, false)
	}
	answer, err := c.awaitCommand(ctx, cl, commandID)
	if err != nil {
		return err
	}
	return c.follow(ctx, cl, answer.GetMetadata()[model.CommandMetadataDeploymentID])
}

func parseRollback(s string) (webv1.Rollback, error) {
	switch s {
	case "auto":
		return webv1.Rollback_ROLLBACK_UNSPECIFIED, nil
	case "always":
		return webv1.Rollback_ROLLBACK_ALWAYS, nil
	case "never":
		return webv1.Rollback_ROLLBACK_NEVER, nil
	default:
		return 0, usagef("--rollback is %q; it must be auto, always or never", s)
	}
}

func (c *ctl) newStage() *cobra.Command {
	cmd := &cobra.Command{
		Use: "stage", Short: "Approve and skip stages",
		Example: `  pipecd ctl stage approve 2f6d9a1e-… WAIT_APPROVAL
  pipecd ctl stage skip 2f6d9a1e-… ANALYSIS --wait`,
	}
	cmd.AddCommand(
		c.newStageOperation("approve", "Let a WAIT_APPROVAL stage go on", func(ctx context.Context, cl *client, args []string) (string, error) {
			resp, err := cl.ApproveStage(ctx, &webv1.ApproveStageRequest{DeploymentId: args[0], StageId: args[1]})
			return resp.GetCommandId(), err
		}),
		c.newStageOperation("skip", "End an ANALYSIS stage early, as passed", func(ctx context.Context, cl *client, args []string) (string, error) {
			resp, err := cl.SkipStage(ctx, &webv1.SkipStageRequest{DeploymentId: args[0], StageId: args[1]})
			return resp.GetCommandId(), err
		}),
	)
	return cmd
}

func (c *ctl) newStageOperation(name, short string, issue func(context.Context, *client, []string) (string, error)) *cobra.Command {
	var wait bool
	cmd := &cobra.Command{
		Use:     name + " DEPLOYMENT STAGE",
		Short:   short,
		Long:    short + ". " + stageHelp,
		Example: "  pipecd ctl stage " + name + " 2f6d9a1e-… stage-3 --wait",
		Args:    args("deployment", "stage"),

		ValidArgsFunction: c.completeStage,
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until the agent has taken it up")
	cmd.RunE = c.talk(func(ctx context.Context, cl *client, args []string) error {
		stage, err := cl.stageID(ctx, args[0], args[1])
		if err != nil {
			return err
		}
		id, err := issue(ctx, cl, []string{args[0], stage})
		if err != nil {
			return cl.explain(err)
		}
		return c.showCommand(ctx, cl, id, wait)
	})
	return cmd
}
