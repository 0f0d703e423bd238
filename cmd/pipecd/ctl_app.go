package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"pipecd/cmd/commandline"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

func (c *ctl) newApp() *cobra.Command {
	cmd := &cobra.Command{
		Use: "app", Aliases: []string{"application"}, Short: "Add, list, show and deploy applications",
		Example: `  pipecd ctl app list
  pipecd ctl app show web
  pipecd ctl app sync web --wait`,
	}
	cmd.AddCommand(c.newAppAdd(), c.newAppList(), c.newAppShow(), c.newAppSync())
	return cmd
}

func (c *ctl) newAppAdd() *cobra.Command {
	req := &webv1.AddApplicationRequest{Kind: modelpb.ApplicationKind_ECS}
	cmd := &cobra.Command{
		Use:   "add --name=NAME --piped=PIPED --provider=PROVIDER --repo=REPO [--path=DIR]",
		Short: "Add an application",
		Long: `Add an application. The agent must have been started once: it says which
repositories and platform providers there are.`,
		Example: `  pipecd ctl app add --name web --piped my-piped --provider ecs --repo shop --path services/web
  pipecd ctl app add --name web --piped my-piped --provider ecs --repo web --label team=shop`,
		Args: args(),
	}
	var piped string
	f := cmd.Flags()
	f.StringVar(&req.Name, "name", "", "name of the application (required)")
	f.StringVar(&piped, "piped", "", "id or name of the agent (required)")
	f.StringVar(&req.PlatformProvider, "provider", "", "platform provider of the agent (required)")
	f.StringVar(&req.RepoId, "repo", "", "id of the agent's repository (required)")
	f.StringVar(&req.Path, "path", "./", "directory in the repository")
	f.StringVar(&req.ConfigFilename, "config-file-name", "", "configuration file in the directory (default \""+model.DefaultConfigFilename+"\")")
	f.StringVar(&req.Description, "description", "", "what the application is")
	f.StringToStringVar(&req.Labels, "label", nil, "label as `key=value`; may be repeated")
	cmd.RunE = c.talk(func(ctx context.Context, cl *client, _ []string) (err error) {
		for _, required := range []struct{ flag, value string }{
			{"name", req.GetName()}, {"piped", piped}, {"provider", req.GetPlatformProvider()}, {"repo", req.GetRepoId()},
		} {
			if required.value == "" {
				return usagef("--%s is missing; see `%s --help`", required.flag, cmd.CommandPath())
			}
		}
		if req.PipedId, err = cl.pipedID(ctx, piped); err != nil {
			return err
		}
		resp, err := cl.AddApplication(ctx, req)
		if err != nil {
			return cl.explain(err)
		}
		if asJSON, err := c.json(); err != nil || asJSON {
			return writeJSON(c.out, resp)
		}
		return c.printf(addedText, resp.GetApplicationId())
	})
	return cmd
}

// addedText says what happens next, and how to see it.
const addedText = `Id %[1]s

The agent deploys it for the first time when it looks at the repository next, that
is within its syncInterval; then with every commit that changes its directory.
Where its file sets trigger.onCommit.disabled, only a SYNC deploys it.

See how it stands:  pipecd ctl app show %[1]s
Deploy it now:      pipecd ctl app sync %[1]s --wait
`

func (c *ctl) newAppList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the applications and how they stand",
		Example: `  pipecd ctl app list
  pipecd ctl app list -o json`,
		Args: args(),
		RunE: c.talk(func(ctx context.Context, cl *client, _ []string) error {
			all, err := cl.applications(ctx, "")
			if err != nil {
				return err
			}
			if asJSON, err := c.json(); err != nil || asJSON {
				return writeJSON(c.out, all)
			}
			p := colours(c.env, c.out)
			t := table{header: []string{"ID", "NAME", "STATUS", "REPOSITORY", "PATH", "REASON"}, paint: p}
			for _, pb := range all.GetApplications() {
				a := convert.ApplicationFromPB(pb.GetApplication())
				t.add(a.ID, a.Name, a.DisplayStatus().String(), a.GitPath.Repo.ID, a.GitPath.Path, a.SyncState.ShortReason)
			}
			return t.write(c.out)
		}),
	}
}

// applications returns all applications, or those with the name.
func (cl *client) applications(ctx context.Context, name string) (*webv1.ListApplicationsResponse, error) {
	all := &webv1.ListApplicationsResponse{}
	cursor := ""
	for {
		resp, err := cl.ListApplications(ctx, &webv1.ListApplicationsRequest{Filter: &webv1.ApplicationFilter{Name: name}, Cursor: cursor})
		if err != nil {
			return nil, cl.explain(err)
		}
		for _, a := range resp.GetApplications() {
			if name == "" || a.GetApplication().GetName() == name { // the filter also finds parts of names
				all.Applications = append(all.Applications, a)
			}
		}
		if cursor = resp.GetCursor(); cursor == "" {
			return all, nil
		}
	}
}

// applicationID returns the id of the application with the id or, if it is
// unique, the name.
func (cl *client) applicationID(ctx context.Context, name string) (string, error) {
	resp, err := cl.GetApplication(ctx, &webv1.GetApplicationRequest{ApplicationId: name})
	if err == nil {
		return resp.GetApplication().GetApplication().GetId(), nil
	}
	if err := cl.explain(err); model.CodeOf(err) != model.CodeNotFound {
		return "", err
	}
	all, err := cl.applications(ctx, name)
	if err != nil {
		return "", err
	}
	switch found := all.GetApplications(); len(found) {
	case 0:
		return "", model.Errorf(model.CodeNotFound, "there is no application %q; `pipecd ctl app list` shows which there are", name)
	case 1:
		return found[0].GetApplication().GetId(), nil
	default:
		ids := make([]string, len(found))
		for i, a := range found {
			ids[i] = a.GetApplication().GetId()
		}
		return "", usagef("there are %d applications named %q; use an id: %s", len(found), name, strings.Join(ids, ", "))
	}
}

func (c *ctl) newAppSync() *cobra.Command {
	var (
		wait     bool
		strategy string
	)
	cmd := &cobra.Command{
		Use:   "sync APPLICATION",
		Short: "Deploy the branch's head",
		Long: `Ask the agent to deploy the branch's head, also if it is deployed already. By
default (auto) the agent chooses as for a commit: a quick sync for the first
deployment or without a pipeline in the application's file, else the pipeline.`,
		Example: `  pipecd ctl app sync web
  pipecd ctl app sync web --wait
  pipecd ctl app sync web --strategy pipeline`,
		Args: args("application"),

		ValidArgsFunction: c.completeApplication,
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "show the deployment until it ends; the exit code is 0 only if it succeeded")
	cmd.Flags().StringVar(&strategy, "strategy", "auto", "how to deploy: auto, quick or pipeline")
	commandline.Complete(cmd, "strategy", "auto", "quick", "pipeline")
	cmd.RunE = c.talk(func(ctx context.Context, cl *client, args []string) error {
		how, err := parseStrategy(strategy)
		if err != nil {
			return err
		}
		id, err := cl.applicationID(ctx, args[0])
		if err != nil {
			return err
		}
		resp, err := cl.SyncApplication(ctx, &webv1.SyncApplicationRequest{ApplicationId: id, Strategy: how})
		if err != nil {
			return cl.explain(err)
		}
		return c.showOrFollow(ctx, cl, resp.GetCommandId(), wait)
	})
	return cmd
}

func parseStrategy(s string) (modelpb.SyncStrategy, error) {
	switch s {
	case "auto":
		return modelpb.SyncStrategy_AUTO, nil
	case "quick":
		return modelpb.SyncStrategy_QUICK_SYNC, nil
	case "pipeline":
		return modelpb.SyncStrategy_PIPELINE, nil
	default:
		return 0, usagef("--strategy is %q; it must be auto, quick or pipeline", s)
	}
}
