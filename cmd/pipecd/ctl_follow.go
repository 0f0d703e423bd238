package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"pipecd/cmd/terminal"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

const (
	// reconnectAfter is the pause before a stream that broke is opened again.
	reconnectAfter = time.Second
	// logGrace is how long the rest of the logs may take once the deployment
	// has ended.
	logGrace = 10 * time.Second
)

// stageStartKey is where a stage notes when it began, in unix seconds.
const stageStartKey = "startTime"

func startOf(s model.Stage) time.Time {
	seconds, err := strconv.ParseInt(s.Metadata[stageStartKey], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// event is something to show: a new state of the deployment, or log lines of a
// stage.
type event struct {
	deployment *model.Deployment
	message    *webv1.WatchDeploymentResponse
	stage      string
	blocks     []model.LogBlock
}

// follow shows a deployment until it ends. It fails if the deployment did.
func (c *ctl) follow(ctx context.Context, cl *client, id string) error {
	asJSON, err := c.json()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	f := &follower{client: cl, id: id, events: make(chan event), cancel: cancel, logs: make(map[string]bool)}
	defer f.running.Wait()
	defer cancel(nil)
	f.running.Go(func() { cancel(f.watch(ctx)) })
	d, err := f.show(ctx, screen{out: c.out, paint: colours(c.env, c.out), json: asJSON})
	if err != nil {
		return cl.explain(err)
	}
	if d.Status != model.DeploymentSuccess {
		return model.Errorf(model.CodeFailedPrecondition, "deployment %s ended with %s%s", d.ID, d.Status, reasonOf(d))
	}
	return nil
}

func reasonOf(d *model.Deployment) string {
	if d.StatusReason == "" {
		return ""
	}
	return ": " + terminal.Printable(d.StatusReason)
}

// follower receives a deployment and its logs.
type follower struct {
	client  *client
	id      string
	events  chan event
	cancel  context.CancelCauseFunc
	running sync.WaitGroup

	reading sync.WaitGroup // the log readers among them
	logs    map[string]bool
}

// send passes an event to the one who shows it.
func (f *follower) send(ctx context.Context, e event) error {
	select {
	case f.events <- e:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// again runs a stream until it ends, and opens it again when it broke in a way
// that may pass: the server restarted, or a proxy cut it.
func again(ctx context.Context, stream func() error) error {
	for {
		err := stream()
		if ctx.Err() != nil || err == nil || !model.IsRetryable(convert.ErrorFromConnect(err)) && !errors.Is(err, io.EOF) {
			return err
		}
		if err := pause(ctx, reconnectAfter); err != nil {
			return err
		}
	}
}

// watch receives the deployment until it is completed.
func (f *follower) watch(ctx context.Context) error {
	return again(ctx, func() error {
		stream, err := f.client.WatchDeployment(ctx, &webv1.WatchDeploymentRequest{DeploymentId: f.id})
		if err != nil {
			return err
		}
		defer func() { _ = stream.Close() }() // nothing is lost: it is read, not written
		for {
			m, err := stream.Receive()
			if err != nil {
				return err
			}
			d := convert.DeploymentFromPB(m.GetDeployment())
			if err := f.send(ctx, event{deployment: d, message: m}); err != nil {
				return err
			}
			if d.Status.IsCompleted() {
				<-ctx.Done() // the one who shows decides when it is over
				return nil
			}
		}
	})
}

// readLogs begins to receive the logs of stages that have begun.
func (f *follower) readLogs(ctx context.Context, d *model.Deployment) {
	for _, s := range d.Stages {
		if s.Status == model.StageNotStarted || s.Status == model.StageSkipped || f.logs[s.ID] {
			continue
		}
		f.logs[s.ID] = true
		request := &webv1.WatchStageLogRequest{DeploymentId: d.ID, StageId: s.ID, RetriedCount: s.RetriedCount}
		name := string(s.Name)
		f.reading.Go(func() { _ = f.readLog(ctx, name, request) }) // a log that cannot be read leaves the rest worth showing
	}
}

func (f *follower) readLog(ctx context.Context, name string, request *webv1.WatchStageLogRequest) error {
	return again(ctx, func() error {
		stream, err := f.client.WatchStageLog(ctx, request)
		if err != nil {
			return err
		}
		defer func() { _ = stream.Close() }() // nothing is lost: it is read, not written
		for {
			m, err := stream.Receive()
			if err != nil {
				return err
			}
			blocks := convert.LogBlocksFromPB(m.GetBlocks())
			if n := len(blocks); n > 0 {
				request.OffsetIndex = blocks[n-1].Index + 1
				if err := f.send(ctx, event{stage: name, blocks: blocks}); err != nil {
					return err
				}
			}
			if m.GetCompleted() {
				return nil
			}
		}
	})
}

// show shows events until the deployment has ended and its logs have come.
func (f *follower) show(ctx context.Context, s screen) (*model.Deployment, error) {
	defer f.reading.Wait()
	defer f.cancel(nil)
	var (
		last    *model.Deployment
		logsEnd <-chan struct{}
		tooLong <-chan time.Time
	)
	for {
		select {
		case e := <-f.events:
			if err := s.event(last, e); err != nil {
				return nil, err
			}
			if e.deployment == nil {
				continue
			}
			last = e.deployment
			if !s.json {
				f.readLogs(ctx, last)
			}
			if last.Status.IsCompleted() && logsEnd == nil {
				logsEnd, tooLong = f.logsEnded(), time.After(logGrace)
			}
		case <-logsEnd:
			return last, s.end(last)
		case <-tooLong:
			return last, s.end(last)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// logsEnded returns a channel that is closed when all log readers have ended.
func (f *follower) logsEnded() <-chan struct{} {
	ended := make(chan struct{})
	f.running.Go(func() {
		f.reading.Wait()
		close(ended)
	})
	return ended
}

// screen is where events are shown, one line after the other.
type screen struct {
	out   io.Writer
	paint terminal.Paint
	json  bool
}

func (s screen) event(last *model.Deployment, e event) error {
	switch {
	case s.json && e.message != nil:
		return writeJSONLine(s.out, e.message.GetDeployment())
	case e.deployment != nil:
		return s.change(last, e.deployment)
	default:
		return s.log(e.stage, e.blocks)
	}
}

// change shows what is new since last, which is nil at first.
func (s screen) change(last, d *model.Deployment) error {
	if last == nil {
		if err := showHead(s.out, d, s.paint); err != nil {
			return err
		}
	} else if last.Status != d.Status {
		if err := s.line(d.UpdatedAt, "deployment", s.paint.Status(d.Status.String())+reasonOf(d)); err != nil {
			return err
		}
	}
	for _, stage := range visible(d) {
		if before := stageBefore(last, stage.ID); before == stage.Status || stage.Status == model.StageNotStarted {
			continue
		}
		text := s.paint.Status(stage.Status.String())
		if duration := took(stage, stage.UpdatedAt); stage.Status.IsCompleted() && duration != "-" {
			text += " after " + duration
		}
		if stage.StatusReason != "" {
			text += ": " + terminal.Printable(stage.StatusReason)
		}
		if err := s.line(stage.UpdatedAt, string(stage.Name), text); err != nil {
			return err
		}
	}
	return nil
}

func stageBefore(d *model.Deployment, id string) model.StageStatus {
	if d != nil {
		if s := d.Stage(id); s != nil {
			return s.Status
		}
	}
	return model.StageNotStarted
}

func (s screen) log(stage string, blocks []model.LogBlock) error {
	for _, b := range blocks {
		for text := range strings.SplitSeq(strings.TrimRight(b.Log, "\n"), "\n") {
			text = terminal.Printable(text)
			switch b.Severity {
			case model.LogError:
				text = s.paint.As(terminal.Red, text)
			case model.LogSuccess:
				text = s.paint.As(terminal.Green, text)
			case model.LogInfo:
			}
			if err := s.line(b.CreatedAt, stage, s.paint.As(terminal.Faint, "| ")+text); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s screen) line(at time.Time, what, text string) error {
	_, err := fmt.Fprintf(s.out, "%s  %-20s %s\n", s.paint.As(terminal.Faint, at.Local().Format(time.TimeOnly)), what, text)
	return err
}

func (s screen) end(d *model.Deployment) error {
	if s.json {
		return nil
	}
	return showStages(s.out, d, s.paint, d.UpdatedAt)
}
