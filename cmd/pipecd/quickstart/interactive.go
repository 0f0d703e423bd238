package quickstart

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"time"

	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

const tourText = `
  Control plane    http://%s
  Log in           project %s · user %s · password %s
  Traffic, live    %s
  Sample app       %s   (commit and push: it is deployed)
  Agent            log in %s

  What to try: type a word and Enter
    good     release a good version: it is measured, promoted, and takes over
    bad      release a version that answers with errors: it is rolled back
    broken   release a version that hangs up on its callers
    sync     press SYNC: deploy the head again
    kill     kill the agent with SIGKILL, best in the middle of a deployment
    status   the application's last deployments
    quit     end (Ctrl-C does too)

`

// tour tells what is there, and does what a person types, until they end it.
func tour(ctx context.Context, s Streams, w *world) error {
	if _, err := fmt.Fprintf(s.Out, tourText, w.address, projectID, username, password, w.cloud.url, w.repo.work, w.dir+"/piped.log"); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	lines := readLines(ctx, s)
	following := &follower{world: w}
	following.start(ctx)
	defer following.wait()
	version := 1
	for {
		select {
		case <-ctx.Done():
			return nil
		case line, ok := <-lines:
			if !ok {
				// Without a terminal there is nobody to type; run until stopped.
				<-ctx.Done()
				return nil
			}
			if line == "quit" || line == "exit" {
				following.stop()
				return nil
			}
			if err := w.obey(ctx, line, &version); err != nil {
				w.say("! %s", err)
			}
		}
	}
}

// obey does what one typed word asks.
func (w *world) obey(ctx context.Context, line string, version *int) error {
	next := func(fault string, rate int) error {
		*version++
		r := release{version: fmt.Sprintf("v%d", *version), fault: fault, rate: rate}
		w.say("… releasing %s%s", r.version, r.describe())
		return w.release(ctx, r)
	}
	const badRate = 60
	switch line {
	case "":
		return nil
	case "good":
		return next("", 0)
	case "bad":
		return next("errors", badRate)
	case "broken":
		return next("drop", badRate)
	case "sync":
		asked := time.Now()
		if _, err := w.client.SyncApplication(ctx, &webv1.SyncApplicationRequest{ApplicationId: w.appID}); err != nil {
			return err
		}
		w.tellFirstCall(ctx, asked)
		return nil
	case "kill":
		return w.agent.kill()
	case "status":
		return w.showDeployments(ctx)
	default:
		return fmt.Errorf("%q is none of good, bad, broken, sync, kill, status, quit", line)
	}
}

func (w *world) showDeployments(ctx context.Context) error {
	const some = 5
	list, err := w.client.ListDeployments(ctx, &webv1.ListDeploymentsRequest{ApplicationId: w.appID, PageSize: some})
	if err != nil {
		return err
	}
	for _, d := range list.GetDeployments() {
		w.say("  %s  %-12s %s", d.GetId(), status(d), d.GetSummary())
	}
	return nil
}

// readLines reads what is typed. The goroutine ends with the input; a terminal's
// only does when the process ends.
func readLines(ctx context.Context, s Streams) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(s.In)
		for scanner.Scan() {
			select {
			case lines <- strings.TrimSpace(scanner.Text()):
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}
