package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pipecd/cmd/terminal"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

func (c *ctl) newAppShow() *cobra.Command {
	return &cobra.Command{
		Use:     "show APPLICATION",
		Short:   "Show an application, how it stands, and its last deployment",
		Example: "  pipecd ctl app show web\n  pipecd ctl app show web --output json",
		Args:    args("application"),

		ValidArgsFunction: c.completeApplication,
		RunE: c.talk(func(ctx context.Context, cl *client, args []string) error {
			id, err := cl.applicationID(ctx, args[0])
			if err != nil {
				return err
			}
			resp, err := cl.GetApplication(ctx, &webv1.GetApplicationRequest{ApplicationId: id})
			if err != nil {
				return cl.explain(err)
			}
			if asJSON, err := c.json(); err != nil || asJSON {
				return writeJSON(c.out, resp)
			}
			return showApp(c.out, resp.GetApplication(), colours(c.env, c.out))
		}),
	}
}

// showApp prints an application for people.
func showApp(w io.Writer, shown *webv1.Application, p terminal.Paint) error {
	a := convert.ApplicationFromPB(shown.GetApplication())
	agent := shown.GetPipedName() + " " + p.Status(onlineText(shown.GetPipedOnline()))
	lines := slices.Concat([][2]string{
		{"Application", a.Name},
		{"Id", a.ID},
		{"Description", a.Description},
		{"Labels", labelText(a.Labels)},
		{"Status", p.Status(a.DisplayStatus().String()) + "  " + terminal.Printable(standing(a))},
		{"Piped", agent},
		{"Provider", a.PlatformProvider},
		{"Repository", repositoryText(a.GitPath.Repo)},
		{"File", a.GitPath.ConfigPath()},
	}, lastDeployment(shown.GetLatest(), p), [][2]string{{"Override", overrideOf(a)}, {"Added", shortTime(a.CreatedAt)}})
	for _, l := range lines {
		if l[1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-15s  %s\n", l[0], l[1]); err != nil {
			return err
		}
	}
	return showProblem(w, a, p)
}

// overrideOf says that an earlier version runs because somebody went back to it.
func overrideOf(a *model.Application) string {
	if a.LastSuccessful == nil {
		return ""
	}
	return override(a.LastSuccessful.Trigger)
}

func onlineText(online bool) string {
	if online {
		return "ONLINE"
	}
	return "OFFLINE"
}

func labelText(labels map[string]string) string {
	parts := make([]string, 0, len(labels))
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, key+"="+labels[key])
	}
	return terminal.Printable(strings.Join(parts, " "))
}

func repositoryText(r model.GitRepository) string {
	text := r.ID
	if r.Remote != "" {
		text += "  " + r.Remote
	}
	if r.Branch != "" {
		text += ", branch " + r.Branch
	}
	return terminal.Printable(text)
}

// standing says in a sentence how the application stands.
func standing(a *model.Application) string {
	switch {
	case a.Disabled:
		return "it is disabled: no commit deploys it"
	case a.Deploying:
		return "a deployment is under way"
	case a.SyncState.Status == model.SyncInvalidConfig:
		return "its files cannot be used, so nothing is deployed until they are corrected"
	case a.SyncState.ShortReason != "":
		return a.SyncState.ShortReason
	case a.LastTriggered == nil:
		return "it has not been deployed yet"
	case a.SyncState.Status == model.SyncSynced:
		return "what runs is what Git says"
	case a.SyncState.Status == model.SyncOutOfSync:
		return "what runs is not what Git says"
	default:
		return "the agent has not compared what runs with Git yet"
	}
}

func lastDeployment(d *webv1.DeploymentBrief, p terminal.Paint) [][2]string {
	if d == nil {
		return [][2]string{{"Last deployment", "none yet"}}
	}
	status := model.DeploymentStatus(d.GetStatus())
	text := p.Status(status.String()) + "  " + d.GetId()
	if v := d.GetVersion(); v != "" {
		text += "  " + terminal.Printable(v)
	}
	when := "since " + unixTime(d.GetCreatedAt())
	if d.GetCompletedAt() > 0 {
		when = "ended " + unixTime(d.GetCompletedAt())
	}
	return [][2]string{{"Last deployment", text}, {"", when}, {"", terminal.Printable(d.GetStatusReason())}}
}

// showProblem prints what is wrong with the application's files, whole.
func showProblem(w io.Writer, a *model.Application, p terminal.Paint) error {
	if a.SyncState.Status != model.SyncInvalidConfig {
		return nil
	}
	if _, err := fmt.Fprintf(w, "\n%s\n", p.As(terminal.Red, "Problems of its files")); err != nil {
		return err
	}
	reason := a.SyncState.Reason
	if reason == "" {
		reason = a.SyncState.ShortReason
	}
	for line := range strings.SplitSeq(strings.TrimRight(reason, "\n"), "\n") {
		if _, err := fmt.Fprintf(w, "  %s\n", terminal.Printable(line)); err != nil {
			return err
		}
	}
	return nil
}
