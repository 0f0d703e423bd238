package quickstart

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"pipecd/cmd/terminal"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

const tourText = `
  Control plane    http://%[1]s
  Log in           project %[2]s · user %[3]s · password %[4]s
  Command line     %[5]s ctl login --address http://%[1]s --project %[2]s --username %[3]s
  Traffic, live    %[6]s
  Sample app       %[7]s   (commit and push: it is deployed)
  Agent            log in %[8]s

  The first deployment, of v1, begins now.`

const wordsText = ` Then type a word and Enter:
    good     release a good version: it is measured, promoted, and takes over
    bad      release a version that answers with errors: it is rolled back
    broken   release a version that hangs up on its callers: it is rolled back
    sync     press SYNC: deploy the head again
    kill     kill the agent with SIGKILL, best in the middle of a deployment
    status   the application's last deployments
    help     this list
    quit     end, and %s (Ctrl-C does too)

`

const noWordsText = ` Nothing can be typed here:
  release by committing to the sample app, and end this with Ctrl-C or SIGTERM.

`

// tourText says what is there, and what can be typed if anything can.
func (w *world) tourText(typing bool) string {
	text := fmt.Sprintf(tourText, w.address, projectID, username, password, os.Args[0], w.cloud.url, w.repo.work, w.dir+"/piped.log")
	if !typing {
		return text + noWordsText
	}
	fate := "remove everything"
	if w.stays {
		fate = "leave the files in " + w.dir
	}
	return text + fmt.Sprintf(wordsText, fate)
}

// tour tells what is there, and does what a person types, until they end it.
func tour(ctx context.Context, s Streams, w *world) error {
	lines := readLines(ctx, s)
	typed, typing := firstLine(ctx, s, lines)
	if _, err := fmt.Fprint(s.Out, w.tourText(typing)); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	following := &follower{world: w, typing: typing}
	following.start(ctx)
	defer following.wait()
	for {
		if typed == "quit" || typed == "exit" {
			return nil
		}
		if err := w.obey(ctx, typed); err != nil {
			w.sayf("! %s", err)
		}
		var ok bool
		select {
		case <-ctx.Done():
			return nil
		case typed, ok = <-lines:
		}
		if !ok && terminal.Is(s.In) {
			return nil
		}
		if !ok {
			if typing {
				w.sayf("• nothing more can be typed: everything runs until this process is stopped")
			}
			<-ctx.Done()
			return nil
		}
	}
}

// firstLine waits a moment for an input that is not a person's: a closed one
// shows at once that nothing can be typed.
func firstLine(ctx context.Context, s Streams, lines <-chan string) (line string, typing bool) {
	if terminal.Is(s.In) {
		return "", true
	}
	const moment = 100 * time.Millisecond
	timer := time.NewTimer(moment)
	defer timer.Stop()
	select {
	case line, typing = <-lines:
		return line, typing
	case <-timer.C:
	case <-ctx.Done():
	}
	return "", true
}

// obey does what one typed word asks.
func (w *world) obey(ctx context.Context, line string) error {
	next := func(fault string, rate int) error {
		r := release{version: fmt.Sprintf("v%d", w.released+1), fault: fault, rate: rate}
		w.sayf("… releasing %s%s", r.version, r.describe())
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
		w.sayf("%s", w.tourText(true))
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
		w.sayf("  %s  %s%s  %s", d.GetId(), w.teller.paint.Status(status(d)), pad, terminal.Printable(cmp.Or(d.GetSummary(), d.GetStatusReason())))
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
