package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pipecd/cmd/commandline"
	"pipecd/cmd/terminal"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

func (c *ctl) newDeployment() *cobra.Command {
	cmd := &cobra.Command{
		Use: "deployment", Short: "List, show, follow, cancel and roll back to deployments; see also ctl stage and ctl logs",
		Example: `  pipecd ctl deployment list --app web
  pipecd ctl deployment show 2f6d9a1e-… --follow`,
	}
	cmd.AddCommand(c.newDeploymentList(), c.newDeploymentShow(), c.newDeploymentCancel(), c.newDeploymentRollBack())
	return cmd
}

func (c *ctl) newDeploymentList() *cobra.Command {
	var (
		app      string
		statuses []string
		limit    int32
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List deployments, newest first",
		Example: `  pipecd ctl deployment list
  pipecd ctl deployment list --app web --status running --status rolling_back`,
		Args: args(),
	}
	cmd.Flags().StringVar(&app, "app", "", "only those of the application with this id or name")
	cmd.Flags().StringSliceVar(&statuses, "status", nil, "only those with this status; may be repeated")
	commandline.Complete(cmd, "status", "pending", "planned", "running", "rolling_back", "success", "failure", "cancelled")
	cmd.Flags().Int32Var(&limit, "limit", 20, "how many, at most 500")
	cmd.RunE = c.talk(func(ctx context.Context, cl *client, _ []string) (err error) {
		if limit < 1 || limit > 500 {
			return usagef("--limit is %d; it must be 1 to 500", limit)
		}
		req := &webv1.ListDeploymentsRequest{PageSize: limit}
		if req.Statuses, err = parseStatuses(statuses); err != nil {
			return err
		}
		if app != "" {
			if req.ApplicationId, err = cl.applicationID(ctx, app); err != nil {
				return err
			}
		}
		resp, err := cl.ListDeployments(ctx, req)
		if err != nil {
			return cl.explain(err)
		}
		if asJSON, err := c.json(); err != nil || asJSON {
			return writeJSON(c.out, resp)
		}
		return c.listDeployments(resp.GetDeployments())
	})
	return cmd
}

func (c *ctl) listDeployments(list []*modelpb.Deployment) error {
	t := table{header: []string{"ID", "APPLICATION", "STATUS", "COMMIT", "CREATED", "SUMMARY"}, paint: colours(c.env, c.out)}
	for _, pb := range list {
		d := convert.DeploymentFromPB(pb)
		t.add(d.ID, d.ApplicationName, d.Status.String(), shortHash(d.Trigger.Commit.Hash), shortTime(d.CreatedAt), d.Summary)
	}
	return t.write(c.out)
}

func shortHash(hash string) string { return hash[:min(len(hash), 8)] }

func parseStatuses(names []string) ([]modelpb.DeploymentStatus, error) {
	var out []modelpb.DeploymentStatus
	for _, name := range names {
		number, ok := modelpb.DeploymentStatus_value["DEPLOYMENT_"+strings.ToUpper(name)]
		if !ok {
			return nil, usagef("--status is %q; it must be pending, planned, running, rolling_back, success, failure or cancelled", name)
		}
		out = append(out, modelpb.DeploymentStatus(number))
	}
	return out, nil
}

func (c *ctl) newDeploymentShow() *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show a deployment and its stages",
		Example: `  pipecd ctl deployment show 2f6d9a1e-…
  pipecd ctl deployment show 2f6d9a1e-… --follow`,
		Args: args("id"),

		ValidArgsFunction: c.completeDeployment,
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "show the stages and their logs until the deployment ends; the exit code is 0 only if it succeeded")
	cmd.RunE = c.talk(func(ctx context.Context, cl *client, args []string) error {
		if follow {
			return c.follow(ctx, cl, args[0])
		}
		resp, err := cl.GetDeployment(ctx, &webv1.GetDeploymentRequest{DeploymentId: args[0]})
		if err != nil {
			return cl.explain(err)
		}
		if asJSON, err := c.json(); err != nil || asJSON {
			return writeJSON(c.out, resp)
		}
		d := convert.DeploymentFromPB(resp.GetDeployment())
		p := colours(c.env, c.out)
		if err := showHead(c.out, d, p); err != nil {
			return err
		}
		if err := showStages(c.out, d, p, time.Now()); err != nil {
			return err
		}
		return showOperations(c.out, d)
	})
	return cmd
}

func showHead(w io.Writer, d *model.Deployment, p terminal.Paint) error {
	lines := [][2]string{
		{"Deployment", d.ID},
		{"Application", d.ApplicationName},
		{"Status", p.Status(d.Status.String())},
		{"Reason", terminal.Printable(d.StatusReason)},
		{"Commit", shortHash(d.Trigger.Commit.Hash) + " " + terminal.Printable(firstLine(d.Trigger.Commit.Message))},
		{"Triggered by", terminal.Printable(d.Trigger.Commander)},
		{"Override", override(d.Trigger)},
		{"Summary", terminal.Printable(d.Summary)},
		{"Version", terminal.Printable(d.Version())},
		{"Created", shortTime(d.CreatedAt)},
		{"Completed", shortTime(d.CompletedAt)},
	}
	for _, l := range lines {
		if l[1] == "" || l[1] == "-" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-13s %s\n", l[0], l[1]); err != nil {
			return err
		}
	}
	return nil
}

// override says what a deployment that goes back to an earlier version overrides.
func override(t model.DeploymentTrigger) string {
	if t.RolledBackTo == "" {
		return ""
	}
	return "back to deployment " + t.RolledBackTo + "; head " + shortHash(t.OverriddenCommit) + " of the branch waits for the next deployment"
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func showStages(w io.Writer, d *model.Deployment, p terminal.Paint, now time.Time) error {
	t := table{header: []string{"STAGE", "ID", "STATUS", "TOOK", "REASON"}, paint: p}
	for _, s := range visible(d) {
		t.add(string(s.Name), s.ID, s.Status.String(), took(s, now), s.StatusReason)
	}
	if len(t.rows) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return t.write(w)
}

// showOperations says which commands a person can give now.
func showOperations(w io.Writer, d *model.Deployment) error {
	if d.Status == model.DeploymentSuccess {
		_, err := io.WriteString(w, "\nGo back to it:  pipecd ctl deployment rollback-to "+d.ID+"\n")
		return err
	}
	if d.Status.IsCompleted() {
		return nil
	}
	lines := []string{
		"", "Follow it:   pipecd ctl deployment show " + d.ID + " --follow",
		"Cancel it:   pipecd ctl deployment cancel " + d.ID,
	}
	for _, s := range d.Stages {
		if s.Status != model.StageRunning {
			continue
		}
		switch s.AvailableOperation {
		case model.OperationApprove:
			lines = append(lines, "Approve it:  pipecd ctl stage approve "+d.ID+" "+s.ID)
		case model.OperationSkip:
			lines = append(lines, "Skip stage:  pipecd ctl stage skip "+d.ID+" "+s.ID)
		case model.OperationUnknown, model.OperationNone:
		}
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

// visible returns the stages that people are shown, as they ran: in the order of
// the pipeline, and the rollback behind the last one that began.
func visible(d *model.Deployment) []model.Stage {
	var out, rollback []model.Stage
	for _, s := range d.Stages {
		switch {
		case !s.Visible && s.Status == model.StageNotStarted:
		case s.Name == model.StageRollback || s.Rollback:
			rollback = append(rollback, s)
		default:
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b model.Stage) int { return int(a.Index) - int(b.Index) })
	last := 0
	for i, s := range out {
		if hasBegun(s) {
			last = i + 1
		}
	}
	return slices.Insert(out, last, rollback...)
}

// hasBegun reports whether the stage ran. Those behind a failed one are
// cancelled without having.
func hasBegun(s model.Stage) bool {
	switch s.Status {
	case model.StageNotStarted:
		return false
	case model.StageCancelled, model.StageSkipped:
		return !startOf(s).IsZero()
	case model.StageRunning, model.StageSuccess, model.StageFailure, model.StageExited:
	}
	return true
}

// took returns how long a stage has run. Its start is not on the wire: a stage
// that runs was updated last when it started, or since.
func took(s model.Stage, now time.Time) string {
	started := startOf(s)
	switch {
	case started.IsZero():
		return "-"
	case !s.CompletedAt.IsZero():
		return s.CompletedAt.Sub(started).Round(time.Second).String()
	case s.Status == model.StageRunning:
		return now.Sub(started).Round(time.Second).String()
	default:
		return "-"
	}
}
