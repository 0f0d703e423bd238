package model

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"time"
)

// EventStatus is what became of an event. The numbers are those of the wire.
type EventStatus int32

// The statuses of an event. All but the first say that it was handled.
const (
	EventNotHandled EventStatus = 0
	EventSuccess    EventStatus = 1
	EventFailure    EventStatus = 2
	EventOutdated   EventStatus = 3 // a newer event with the same key came first
)

// String returns NOT_HANDLED, SUCCESS, FAILURE, OUTDATED or UNKNOWN.
func (s EventStatus) String() string {
	switch s {
	case EventNotHandled:
		return "NOT_HANDLED"
	case EventSuccess:
		return "SUCCESS"
	case EventFailure:
		return "FAILURE"
	case EventOutdated:
		return "OUTDATED"
	default:
		return unknownName
	}
}

// MaxEventDataSize is the most bytes of an event's data. Agents read events in
// one message, so they have to stay small.
const MaxEventDataSize = 65536

// maxEventLabels is the most labels, and the most contexts, of an event.
const maxEventLabels = 64

// Event is something that happened outside, such as an image that was pushed,
// which agents may answer with a commit.
type Event struct {
	ID                string
	Name              string
	Data              string // what happened, such as the new version
	ProjectID         string
	Labels            map[string]string
	Status            EventStatus
	StatusDescription string
	Contexts          map[string]string // written into the commit an agent makes
	TriggerCommitHash string            // commit that caused the event; may be empty
	HandledAt         time.Time         // zero until handled
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// Clone returns a copy that shares nothing with e.
func (e *Event) Clone() *Event {
	c := *e
	c.Labels, c.Contexts = maps.Clone(e.Labels), maps.Clone(e.Contexts)
	return &c
}

// Key names what the event is about: of the events with one key only the newest
// matters.
func (e *Event) Key() string { return EventKey(e.Name, e.Labels) }

// EventKey returns the key of events with the name and exactly the labels: the
// lower-case hex SHA-256 of the name and, in the order of the keys, of a slash,
// key, colon and value for each label. The form is that of the wire.
func EventKey(name string, labels map[string]string) string {
	text := []byte(name)
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		text = append(text, "/"+key+":"+labels[key]...)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

var contextKey = regexp.MustCompile(`^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$`)

// Validate checks an event before it is stored for the first time.
func (e *Event) Validate() error {
	for _, f := range []struct{ what, value string }{
		{"the event's id", e.ID}, {"the event's name", e.Name}, {"the event's project", e.ProjectID},
	} {
		if err := ValidateName(f.what, f.value); err != nil {
			return err
		}
	}
	switch {
	case e.Data == "":
		return Errorf(CodeInvalid, "the event's data must not be empty")
	case len(e.Data) > MaxEventDataSize:
		return Errorf(CodeInvalid, "the event's data is %d bytes long; at most %d are kept", len(e.Data), MaxEventDataSize)
	case e.Status != EventNotHandled:
		return Errorf(CodeInvalid, "a new event must be NOT_HANDLED, not %s", e.Status)
	case len(e.TriggerCommitHash) > MaxNameLength:
		return Errorf(CodeInvalid, "the event's commit is %d bytes long; at most %d are kept", len(e.TriggerCommitHash), MaxNameLength)
	}
	for key := range e.Contexts {
		if !contextKey.MatchString(key) {
			return Errorf(CodeInvalid, "the event's context %q must be letters and digits, with single dashes between them", key)
		}
	}
	for what, texts := range map[string]map[string]string{"labels": e.Labels, "contexts": e.Contexts} {
		if size := textSize(texts); len(texts) > maxEventLabels || size > MaxEventDataSize {
			return Errorf(CodeInvalid, "the event has %d %s of %d bytes; at most %d of %d bytes are kept", len(texts), what, size, maxEventLabels, MaxEventDataSize)
		}
	}
	return nil
}

func textSize(texts map[string]string) int {
	size := 0
	for k, v := range texts {
		size += len(k) + len(v)
	}
	return size
}

// ReportStatus records what became of the event. Several agents of a project may
// answer the same event, so a later answer replaces an earlier one; a handled
// event never becomes unhandled again.
func (e *Event) ReportStatus(status EventStatus, description string, now time.Time) error {
	switch {
	case status < EventNotHandled || status > EventOutdated:
		return Errorf(CodeInvalid, "%d is not a status of an event", status)
	case len(description) > MaxReasonLength:
		return Errorf(CodeInvalid, "the status description is %d bytes long; at most %d are kept", len(description), MaxReasonLength)
	case status == EventNotHandled && e.Status != EventNotHandled:
		return Errorf(CodeFailedPrecondition, "event %s is %s and cannot become %s", e.ID, e.Status, status)
	case status == e.Status && description == e.StatusDescription:
		return nil
	}
	e.Status, e.StatusDescription, e.UpdatedAt = status, description, now
	if status != EventNotHandled {
		e.HandledAt = now
	}
	return nil
}
