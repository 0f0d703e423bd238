package model

import (
	"strings"
	"testing"
	"time"
)

func TestEventKey(t *testing.T) {
	t.Parallel()
	// printf 'pushed/a:1/b:2' | sha256sum
	const want = "63ef5bab959ca90c692f337591ab0636dd281589cd3eee4459dbfd85d4b90168"
	if got := EventKey("pushed", map[string]string{"b": "2", "a": "1"}); got != want {
		t.Errorf("got %s", got)
	}
	if EventKey("pushed", nil) == EventKey("pushed", map[string]string{"a": "1"}) {
		t.Error("labels do not count")
	}
}

func TestEventValidate(t *testing.T) {
	t.Parallel()
	good := Event{ID: "e", Name: "n", ProjectID: "p", Data: "d", Contexts: map[string]string{"Some-Key1": "v"}}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*Event){
		"no id":        func(e *Event) { e.ID = "" },
		"no name":      func(e *Event) { e.Name = "" },
		"no project":   func(e *Event) { e.ProjectID = "" },
		"no data":      func(e *Event) { e.Data = "" },
		"large data":   func(e *Event) { e.Data = strings.Repeat("x", MaxEventDataSize+1) },
		"handled":      func(e *Event) { e.Status = EventSuccess },
		"odd context":  func(e *Event) { e.Contexts = map[string]string{"a b": "v"} },
		"large labels": func(e *Event) { e.Labels = map[string]string{"a": strings.Repeat("x", MaxEventDataSize)} },
	} {
		e := good.Clone()
		spoil(e)
		if err := e.Validate(); CodeOf(err) != CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEventStatus(t *testing.T) {
	t.Parallel()
	now := time.Now()
	e := &Event{ID: "e"}
	for i, c := range []struct {
		status EventStatus
		text   string
		want   Code
	}{
		{EventNotHandled, "waiting", ""},
		{EventFailure, "no", ""},
		{EventSuccess, "yes", ""},
		{EventOutdated, "late", ""},
		{EventNotHandled, "back", CodeFailedPrecondition},
		{EventStatus(9), "?", CodeInvalid},
		{EventSuccess, strings.Repeat("x", MaxReasonLength+1), CodeInvalid},
	} {
		if err := e.ReportStatus(c.status, c.text, now); CodeOf(err) != c.want {
			t.Errorf("%d: %v", i, err)
		}
		if handled := e.Status != EventNotHandled; handled == e.HandledAt.IsZero() {
			t.Errorf("%d: handled at %v", i, e.HandledAt)
		}
	}
	if e.Status != EventOutdated || e.StatusDescription != "late" {
		t.Errorf("got %+v", e)
	}
}
