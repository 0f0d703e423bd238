package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pipecd/cmd/terminal"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// stageHelp says what a STAGE argument is.
const stageHelp = `STAGE is its id, such as stage-3, as
pipecd ctl deployment show lists it, or its name where only one stage has it.`

// stageID returns the id of the deployment's stage with the id or, if it is
// unique, the name.
func (cl *client) stageID(ctx context.Context, deploymentID, stage string) (string, error) {
	resp, err := cl.GetDeployment(ctx, &webv1.GetDeploymentRequest{DeploymentId: deploymentID})
	if err != nil {
		return "", cl.explain(err)
	}
	return findStage(convert.DeploymentFromPB(resp.GetDeployment()), stage)
}

func findStage(d *model.Deployment, stage string) (string, error) {
	if d.Stage(stage) != nil {
		return stage, nil
	}
	var named, all []string
	for _, s := range d.Stages {
		all = append(all, s.ID+" "+terminal.Printable(string(s.Name)))
		if strings.EqualFold(string(s.Name), stage) {
			named = append(named, s.ID)
		}
	}
	switch {
	case len(named) == 1:
		return named[0], nil
	case len(named) > 1:
		return "", usagef("deployment %s has %d stages named %s; use an id: %s", d.ID, len(named), stage, strings.Join(named, ", "))
	case len(all) == 0:
		return "", model.Errorf(model.CodeNotFound, "deployment %s has no stages yet: it is not planned", d.ID)
	default:
		return "", model.Errorf(model.CodeNotFound, "deployment %s has no stage %q; its stages are %s", d.ID, stage, strings.Join(all, ", "))
	}
}

// completeTimeout is how long a shell waits for the control plane's proposals.
const completeTimeout = 2 * time.Second

// propose asks the control plane what an argument can be. Without a session, or
// an answer, a shell has nothing to propose.
func (c *ctl) propose(ctx context.Context, ask func(context.Context, *client) []cobra.Completion) ([]cobra.Completion, cobra.ShellCompDirective) {
	cl, err := c.connect()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer cl.close()
	ctx, cancel := context.WithTimeout(ctx, completeTimeout)
	defer cancel()
	return ask(ctx, cl), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

func nothing() ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// completeApplication proposes the applications' names.
func (c *ctl) completeApplication(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nothing()
	}
	return c.propose(cmd.Context(), func(ctx context.Context, cl *client) (out []cobra.Completion) {
		all, err := cl.applications(ctx, "")
		if err != nil {
			return nil
		}
		for _, a := range all.GetApplications() {
			out = append(out, cobra.CompletionWithDesc(terminal.Printable(a.GetApplication().GetName()), a.GetApplication().GetId()))
		}
		return out
	})
}

// completePiped proposes the agents' names.
func (c *ctl) completePiped(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nothing()
	}
	return c.propose(cmd.Context(), func(ctx context.Context, cl *client) (out []cobra.Completion) {
		_ = cl.eachPiped(ctx, func(p *webv1.Piped) { // what could be read is proposed
			out = append(out, cobra.CompletionWithDesc(terminal.Printable(p.GetPiped().GetName()), p.GetPiped().GetId()))
		})
		return out
	})
}

// completeDeployment proposes the last deployments' ids.
func (c *ctl) completeDeployment(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nothing()
	}
	const some = 20
	return c.propose(cmd.Context(), func(ctx context.Context, cl *client) (out []cobra.Completion) {
		list, err := cl.ListDeployments(ctx, &webv1.ListDeploymentsRequest{PageSize: some})
		if err != nil {
			return nil
		}
		for _, pb := range list.GetDeployments() {
			d := convert.DeploymentFromPB(pb)
			out = append(out, cobra.CompletionWithDesc(d.ID, terminal.Printable(d.ApplicationName)+" "+d.Status.String()))
		}
		return out
	})
}

// completeStage proposes the deployment, and then its stages' ids.
func (c *ctl) completeStage(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	switch len(args) {
	case 0:
		return c.completeDeployment(cmd, args, typed)
	case 1:
	default:
		return nothing()
	}
	return c.propose(cmd.Context(), func(ctx context.Context, cl *client) (out []cobra.Completion) {
		resp, err := cl.GetDeployment(ctx, &webv1.GetDeploymentRequest{DeploymentId: args[0]})
		if err != nil {
			return nil
		}
		for _, s := range visible(convert.DeploymentFromPB(resp.GetDeployment())) {
			out = append(out, cobra.CompletionWithDesc(s.ID, terminal.Printable(string(s.Name))+" "+s.Status.String()))
		}
		return out
	})
}
