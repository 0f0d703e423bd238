package gate_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errStopping = errors.New("stopping")

// record is what outlives the agent: the stage's metadata, when it began, and
// the commands that are not answered yet. It implements stage.Commands and
// platform.Log.
type record struct {
	mu       sync.Mutex
	begun    time.Time
	metadata map[string]string
	commands []model.Command
	arrived  chan struct{}
	answers  []string
	lines    []string
	notes    int
	refuse   func(metadata map[string]string) error
	deaf     int           // how many answers are refused
	slow     time.Duration // how long a note takes
}

func newRecord() *record {
	return &record{begun: time.Now(), metadata: map[string]string{}, arrived: make(chan struct{})}
}

// run is what the stage is given by a new process.
func (r *record) run(options config.StageOptions) *stage.Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	return &stage.Run{
		Deployment: &model.Deployment{ID: "d1", ApplicationName: "shop"},
		Stage:      model.Stage{ID: "gate", Name: "KIND", Metadata: maps.Clone(r.metadata)},
		Options:    options, Log: r, Commands: r, StartedAt: r.begun, Note: r.note,
	}
}

func (r *record) note(ctx context.Context, metadata map[string]string) error {
	time.Sleep(r.slow)
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if r.refuse != nil {
		if err := r.refuse(metadata); err != nil {
			return err
		}
	}
	r.notes++
	maps.Copy(r.metadata, metadata)
	return nil
}

func (r *record) stored(key string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.metadata[key]
}

// ask has a person ask something of the stage.
func (r *record) ask(id string, kind model.CommandType, who string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.commands = append(r.commands, model.Command{ID: id, StageID: "gate", Type: kind, Commander: who})
	close(r.arrived)
	r.arrived = make(chan struct{})
}

func (r *record) Next(ctx context.Context, stageID string, types ...model.CommandType) (model.Command, error) {
	for {
		r.mu.Lock()
		i := slices.IndexFunc(r.commands, func(c model.Command) bool {
			return c.StageID == stageID && slices.Contains(types, c.Type) && c.Status == model.CommandNotHandled
		})
		if i >= 0 {
			found := r.commands[i]
			r.mu.Unlock()
			return found, nil
		}
		arrived := r.arrived
		r.mu.Unlock()
		select {
		case <-ctx.Done():
			return model.Command{}, context.Cause(ctx)
		case <-arrived:
		}
	}
}

func (r *record) Answer(ctx context.Context, id string, status model.CommandStatus, reason string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if r.deaf > 0 {
		r.deaf--
		return model.Errorf(model.CodeInternal, "the control plane stumbled")
	}
	for i := range r.commands {
		if r.commands[i].ID == id {
			r.commands[i].Status = status
		}
	}
	r.answers = append(r.answers, strings.TrimSpace(fmt.Sprintf("%s %s %s", id, status, reason)))
	return nil
}

func (r *record) line(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *record) Infof(format string, args ...any)    { r.line("info "+format, args...) }
func (r *record) Successf(format string, args ...any) { r.line("success "+format, args...) }
func (r *record) Errorf(format string, args ...any)   { r.line("error "+format, args...) }

// stopAfter is a context that ends because the agent stops.
func stopAfter(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	timer := time.AfterFunc(d, func() { cancel(errStopping) })
	t.Cleanup(func() { timer.Stop(); cancel(nil) })
	return ctx
}

// succeeds runs the stage to its end.
func succeeds(t *testing.T, s stage.Stage, run *stage.Run) stage.Outcome {
	t.Helper()
	out, err := s.Run(t.Context(), run)
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	return out
}

// stops runs the stage until the agent stops.
func stops(t *testing.T, after time.Duration, s stage.Stage, run *stage.Run) {
	t.Helper()
	if out, err := s.Run(stopAfter(t, after), run); !errors.Is(err, errStopping) || out != (stage.Outcome{}) {
		t.Fatalf("Run = %+v, %v, want no outcome and %v", out, err, errStopping)
	}
}
