package stage_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
)

// store is where a journal is kept. It outlives the journals opened on it, as
// the control plane outlives the agent.
type store struct {
	document string
	saves    int
	sure     int                  // of the saves
	fails    func(save int) error // given the number of the save, from 1
}

func (s *store) save(_ context.Context, document string, sure bool) error {
	s.saves++
	if sure {
		s.sure++
	}
	if s.fails != nil {
		if err := s.fails(s.saves); err != nil {
			return err
		}
	}
	s.document = document
	return nil
}

func token(step string) string { return "token-of-" + step }

func (s *store) open(t *testing.T) *stage.Journal {
	t.Helper()
	j, err := stage.OpenJournal(s.document, token, s.save)
	if err != nil {
		t.Fatalf("OpenJournal: %v", err)
	}
	return j
}

type request struct {
	Name  string
	Count int
}

// effect counts the calls of a step and remembers what the last one got.
type effect struct {
	planned, acted int
	got            request
	attempt        platform.Attempt
	fails          error
	before         func() // runs first in act
}

func (e *effect) do(t *testing.T, j *stage.Journal) (string, error) {
	t.Helper()
	return stage.Do(t.Context(), j, "create",
		func(context.Context) (request, error) {
			e.planned++
			return request{Name: "web", Count: e.planned}, nil
		},
		func(_ context.Context, in request, a platform.Attempt) (string, error) {
			if e.before != nil {
				e.before()
			}
			e.acted++
			e.got, e.attempt = in, a
			return "arn:1", e.fails
		})
}

func TestDoRecordsTheIntentBeforeTheAct(t *testing.T) {
	t.Parallel()
	var s store
	j := s.open(t)
	e := &effect{before: func() {
		if s.sure != 1 {
			t.Error("the effect is made before its intent is surely stored")
		}
		if restarted := s.open(t); !restarted.Has("create") {
			t.Error("the effect is made before its intent is stored")
		} else if done, err := restarted.Outcome("create", new(string)); done || err != nil {
			t.Errorf("before the act the step is stored as finished: %v, %v", done, err)
		}
	}}
	id, err := e.do(t, j)
	if err != nil || id != "arn:1" {
		t.Fatalf("Do = %q, %v", id, err)
	}
	if diff := cmp.Diff(platform.Attempt{Token: "token-of-create"}, e.attempt); diff != "" {
		t.Errorf("the first attempt (-want +got):\n%s", diff)
	}
	if s.saves != 2 || s.sure != 1 {
		t.Errorf("%d of %d saves were waited for, want one of two: the intent's", s.sure, s.saves)
	}
	var recorded string
	if done, err := s.open(t).Outcome("create", &recorded); !done || err != nil || recorded != "arn:1" {
		t.Errorf("stored outcome %q, %v, %v", recorded, done, err)
	}
}

func TestDoAnswersAFinishedStepFromTheRecord(t *testing.T) {
	t.Parallel()
	var s store
	e := &effect{}
	if _, err := e.do(t, s.open(t)); err != nil {
		t.Fatal(err)
	}
	saves := s.saves
	for range 2 {
		if id, err := e.do(t, s.open(t)); err != nil || id != "arn:1" {
			t.Errorf("Do again = %q, %v", id, err)
		}
	}
	if e.planned != 1 || e.acted != 1 || s.saves != saves {
		t.Errorf("planned %d, acted %d times, %d more saves; want 1, 1 and none", e.planned, e.acted, s.saves-saves)
	}
}

// TestDoResumes: whatever ends the first try after the intent was recorded, the
// next one sends the same request with the same token and says that it resumes.
func TestDoResumes(t *testing.T) {
	t.Parallel()
	died := errors.New("died")
	for name, tt := range map[string]struct {
		act  error
		save func(int) error
	}{
		"the act failed": {act: died},
		"the outcome was not stored": {save: func(n int) error {
			if n == 2 {
				return died
			}
			return nil
		}},
	} {
		for _, sameProcess := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := store{fails: tt.save}
				j := s.open(t)
				e := &effect{fails: tt.act}
				if _, err := e.do(t, j); !errors.Is(err, died) {
					t.Fatalf("the first try = %v, want %v", err, died)
				}
				first := e.got
				e.fails = nil
				if !sameProcess {
					j = s.open(t)
				}
				if id, err := e.do(t, j); err != nil || id != "arn:1" {
					t.Fatalf("the second try = %q, %v", id, err)
				}
				if e.planned != 1 || e.acted != 2 {
					t.Errorf("planned %d, acted %d times, want 1 and 2", e.planned, e.acted)
				}
				if diff := cmp.Diff(first, e.got); diff != "" {
					t.Errorf("the second request differs (-first +second):\n%s", diff)
				}
				if diff := cmp.Diff(platform.Attempt{Token: "token-of-create", Resumed: true}, e.attempt); diff != "" {
					t.Errorf("the second attempt (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestDoWithoutARecordedIntent: no effect without its intent in the store.
func TestDoWithoutARecordedIntent(t *testing.T) {
	t.Parallel()
	fenced := model.Errorf(model.CodeFenced, "another process holds the lease")
	s := store{fails: func(int) error { return fenced }}
	j := s.open(t)
	e := &effect{}
	if _, err := e.do(t, j); model.CodeOf(err) != model.CodeFenced {
		t.Errorf("Do = %v, want the error of the store", err)
	}
	if e.acted != 0 || j.Has("create") {
		t.Errorf("acted %d times, remembered %v; want neither", e.acted, j.Has("create"))
	}
	s.fails = nil
	if _, err := e.do(t, j); err != nil || e.attempt.Resumed {
		t.Errorf("the next try = %v, resumed %v; want a first attempt", err, e.attempt.Resumed)
	}
}

func TestDoWithAPlanThatFails(t *testing.T) {
	t.Parallel()
	var s store
	j := s.open(t)
	refused := errors.New("refused")
	_, err := stage.Do(t.Context(), j, "create",
		func(context.Context) (int, error) { return 0, refused },
		func(context.Context, int, platform.Attempt) (int, error) {
			t.Error("acted without a plan")
			return 0, nil
		})
	if !errors.Is(err, refused) || s.saves != 0 || j.Has("create") {
		t.Errorf("Do = %v with %d saves, want %v and none", err, s.saves, refused)
	}
}

func TestDoOfWhatJSONCannotHold(t *testing.T) {
	t.Parallel()
	var s store
	_, err := stage.Do(t.Context(), s.open(t), "create",
		func(context.Context) (func(), error) { return func() {}, nil },
		func(context.Context, func(), platform.Attempt) (int, error) {
			t.Error("acted although the intent cannot be recorded")
			return 0, nil
		})
	if model.CodeOf(err) != model.CodeInternal || s.saves != 0 {
		t.Errorf("Do = %v with %d saves", err, s.saves)
	}
}

func TestEffect(t *testing.T) {
	t.Parallel()
	var s store
	calls := 0
	failing := errors.New("failing")
	for i, tt := range []struct {
		fails error
		calls int
	}{{failing, 1}, {failing, 2}, {nil, 3}, {failing, 3}} {
		err := stage.Effect(t.Context(), s.open(t), "promote", func(context.Context) error {
			calls++
			return tt.fails
		})
		if want := tt.calls > 2; (err == nil) != want || calls != tt.calls {
			t.Errorf("try %d = %v after %d calls, want %d", i, err, calls, tt.calls)
		}
	}
}

func TestOnce(t *testing.T) {
	t.Parallel()
	var s store
	reads := 0
	read := func(context.Context) (*request, error) {
		reads++
		return &request{Name: "before", Count: reads}, nil
	}
	for range 3 {
		got, err := stage.Once(t.Context(), s.open(t), "baseline", read)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&request{Name: "before", Count: 1}, got); diff != "" {
			t.Errorf("Once (-want +got):\n%s", diff)
		}
	}
	if reads != 1 || s.saves != 1 {
		t.Errorf("%d reads and %d saves, want one each", reads, s.saves)
	}
}

// TestOnceOfNothing: a reading that found nothing is a reading.
func TestOnceOfNothing(t *testing.T) {
	t.Parallel()
	var s store
	reads := 0
	for range 2 {
		got, err := stage.Once(t.Context(), s.open(t), "baseline", func(context.Context) (*request, error) {
			reads++
			return nil, nil // the case under test
		})
		if got != nil || err != nil {
			t.Errorf("Once = %v, %v", got, err)
		}
	}
	if reads != 1 {
		t.Errorf("read %d times, want once", reads)
	}
}

func TestOnceIsNeverHalfDone(t *testing.T) {
	t.Parallel()
	lost := errors.New("lost")
	for name, tt := range map[string]struct{ read, save error }{"read": {read: lost}, "save": {save: lost}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := store{fails: func(int) error { return tt.save }}
			j := s.open(t)
			_, err := stage.Once(t.Context(), j, "baseline", func(context.Context) (int, error) { return 7, tt.read })
			if !errors.Is(err, lost) || j.Has("baseline") || s.document != "" {
				t.Errorf("Once = %v, has %v, stored %q", err, j.Has("baseline"), s.document)
			}
		})
	}
}

func TestOpenJournal(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		document string
		code     model.Code
		says     string
	}{
		"none":          {"", "", ""},
		"no steps":      {`{"version":1}`, "", ""},
		"newer":         {`{"version":2,"steps":{}}`, model.CodeFailedPrecondition, "version 2"},
		"no version":    {`{"steps":{}}`, model.CodeFailedPrecondition, "version 0"},
		"not JSON":      {`{"version":1`, model.CodeInternal, "recorded steps"},
		"another shape": {`[1]`, model.CodeInternal, "recorded steps"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := store{}
			j, err := stage.OpenJournal(tt.document, token, s.save)
			if model.CodeOf(err) != tt.code {
				t.Fatalf("OpenJournal = %v, want code %q", err, tt.code)
			}
			if err != nil {
				if !strings.Contains(err.Error(), tt.says) || j != nil {
					t.Errorf("OpenJournal = %v, %v, want a sentence with %q", j, err, tt.says)
				}
				return
			}
			if _, err := stage.Once(t.Context(), j, "x", func(context.Context) (int, error) { return 1, nil }); err != nil {
				t.Errorf("the journal cannot be written: %v", err)
			}
		})
	}
}

func TestJournalSize(t *testing.T) {
	t.Parallel()
	var s store
	j := s.open(t)
	keep := func(step string, size int) error {
		_, err := stage.Once(t.Context(), j, step, func(context.Context) (string, error) { return strings.Repeat("a", size), nil })
		return err
	}
	if err := keep("small", 100); err != nil {
		t.Fatal(err)
	}
	if err := keep("large", stage.MaxJournalSize); model.CodeOf(err) != model.CodeExhausted || s.saves != 1 || j.Has("large") {
		t.Errorf("a record that is too large = %v with %d saves, kept %v", err, s.saves, j.Has("large"))
	}
	if err := keep("after", 100); err != nil {
		t.Errorf("after a refused record: %v", err)
	}
	if len(s.document) > stage.MaxJournalSize {
		t.Errorf("%d bytes were stored", len(s.document))
	}
}

func TestOutcomeOfAnotherShape(t *testing.T) {
	t.Parallel()
	s := store{document: `{"version":1,"steps":{"create":{"intent":1,"outcome":"arn:1"}}}`}
	done, err := s.open(t).Outcome("create", new(int))
	if !done || model.CodeOf(err) != model.CodeInternal {
		t.Errorf("Outcome = %v, %v, want an internal error", done, err)
	}
	e := &effect{}
	s.document = `{"version":1,"steps":{"create":{"intent":1,"outcome":{}}}}`
	if _, err := e.do(t, s.open(t)); err == nil || e.acted != 0 {
		t.Errorf("Do on an unreadable outcome = %v, acted %d times; want an error and no act", err, e.acted)
	}
}

// FuzzOpenJournal: no document makes the journal panic, and what it accepts it
// can write and read again.
func FuzzOpenJournal(f *testing.F) {
	for _, seed := range []string{"", "{", `{"version":1}`, `{"version":1,"steps":{"a":{"intent":null,"outcome":null}}}`, `{"version":9}`, `{"version":1,"steps":{"":{}}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		var s store
		j, err := stage.OpenJournal(document, token, s.save)
		if err != nil {
			return
		}
		var got any
		_, _ = j.Outcome("a", &got) // any answer will do, but no panic
		const step = "a step of this test"
		value, err := stage.Once(t.Context(), j, step, func(context.Context) (int, error) { return 7, nil })
		if err != nil || value != 7 {
			return // the document had the step, or was too large
		}
		if s.document == "" {
			return
		}
		var again int
		if done, err := s.open(t).Outcome(step, &again); !done || err != nil || again != 7 {
			t.Errorf("read back %d, %v, %v", again, done, err)
		}
	})
}
