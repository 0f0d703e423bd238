package quickstart

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"pipecd/cmd/pipecd/terminal"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

const tourText = `
  Control plane    http://%[1]s
  Log in           project %[2]s · user %[3]s · password %[4]s
  Command line     %[5]s ctl login --address http://%[1]s --project %[2]s --username %[3]s
  Traffic, live    %[6]s
  Sample app       %[7]s   (commit and push: it is deployed)
  Agent            log in %[8]s

  The first deployment, of v1, begins now. Then type a word and Enter:
    good     release a good version: it is measured, promoted, and takes over
    bad      release a version that answers with errors: it is rolled back
    broken   release a version that hangs up on its callers: it is rolled back
    sync     press SYNC: deploy the head again
    kill     kill the agent with SIGKILL, best in the middle of a deployment
    status   the application's last deployments
    help     this list
    quit     end, and remove everything (Ctrl-C does too)

`

func (w *world) tourText() string {
	return fmt.Sprintf(tourText, w.address, projectID, username, password, os.Args[0], w.cloud.url, w.repo.work, w.dir+"/piped.log")
}

// tour tells what is there, and does what a person types, until they end it.
func tour(ctx context.Context, s Streams, w *world) error {
	if _, err := fmt.Fprint(s.Out, w.tourText()); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	lines := readLines(ctx, s)
	following := &follower{world: w}
	following.start(ctx)
	defer following.wait()
	for {
		select {
		case <-ctx.Done():
			return nil
		case line, ok := <-lines:
			if !ok && !terminal.Is(s.In) {
				w.say("• nothing more can be typed: everything runs until this process is stopped")
				<-ctx.Done()
				return nil
			}
			if !ok || line == "quit" || line == "exit" {
				return nil
			}
			if err := w.obey(ctx, line); err != nil {
				w.say("! %s", err)
			}
		}
	}
}

// obey does what one typed word asks.
func (w *world) obey(ctx context.Context, line string) error {
	next := func(fault string, rate int) error {
		r := release{version: fmt.Sprintf("v%d", w.released+1), fault: fault, rate: rate}
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
	case "help":
		w.say("%s", w.tourText())
		return nil
	default:
		return fmt.Errorf("%q is none of good, bad, broken, sync, kill, status, help, quit", line)
	}
}

func (w *world) showDeployments(ctx context.Context) error {
	const some = 5
	list, err := w.deployments(ctx, some)
	if err != nil {
		return err
	}
	for _, d := range list {
		const widest = len("ROLLING_BACK")
		pad := strings.Repeat(" ", widest-min(widest, len(status(d))))
		w.say("  %s  %s%s  %s", d.GetId(), w.teller.paint.Status(status(d)), pad, terminal.Printable(cmp.Or(d.GetSummary(), d.GetStatusReason())))
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
