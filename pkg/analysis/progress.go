package analysis

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"pipecd/pkg/model"
)

// progressVersion is the shape of Progress as stored. It changes when an older
// reader would misunderstand a newer one.
const progressVersion = 1

// Progress is how far the analysis of one metric has come. It is plain data:
// store it after every change, and go on from it after a restart. All methods
// and functions return copies.
type Progress struct {
	Version int `json:"version"`
	// StageStart is when the stage began the first time. It stays the same
	// over restarts.
	StageStart time.Time `json:"stageStart"`
	// WindowEnd is the end of the last window asked, zero before the first.
	WindowEnd time.Time `json:"windowEnd,omitzero"`
	// Judged is the time that was judged, in nanoseconds. Windows without data
	// count, windows without an answer do not.
	Judged time.Duration `json:"judgedNanos"`
	// Delay is the delay learned so far, in nanoseconds.
	Delay time.Duration `json:"delayNanos,omitempty"`

	// Passed, Failed, NoData and Errors count the verdicts.
	Passed int `json:"passed"`
	Failed int `json:"failed"`
	NoData int `json:"noData"`
	Errors int `json:"errors"`
	// Failures counts the checks that count against the failure limit.
	Failures int `json:"failures"`
	// ErrorsInARow counts the checks without an answer since the last answer.
	ErrorsInARow int `json:"errorsInARow,omitempty"`
	// LastFailure and LastError are the messages of the latest such checks, and
	// FailureWindow is the window of the former.
	LastFailure   string `json:"lastFailure,omitempty"`
	FailureWindow Window `json:"failureWindow,omitzero"`
	LastError     string `json:"lastError,omitempty"`
}

// NewProgress returns the progress of an analysis that begins at start.
func NewProgress(start time.Time) Progress {
	return Progress{Version: progressVersion, StageStart: start.UTC().Round(0)}
}

// DecodeProgress reads a stored Progress. The error has CodeInvalid, or
// CodeFailedPrecondition if a newer release wrote it.
func DecodeProgress(data []byte) (Progress, error) {
	var p Progress
	if err := json.Unmarshal(data, &p); err != nil {
		return Progress{}, model.Wrap(model.CodeInvalid, err, "read the stored progress of the analysis")
	}
	switch {
	case p.Version > progressVersion:
		return Progress{}, model.Errorf(model.CodeFailedPrecondition,
			"the stored progress of the analysis has version %d and this release reads up to %d: run the newer release, or start the deployment again",
			p.Version, progressVersion)
	case p.Version < 1 || p.StageStart.IsZero() || p.Judged < 0:
		return Progress{}, model.Errorf(model.CodeInvalid, "the stored progress of the analysis has no version or no start")
	}
	return p, nil
}

// Record adds a check. A check whose window does not end after the last one
// recorded is already counted and changes nothing, so recording again after a
// crash is safe.
func Record(p Progress, c Check) Progress {
	if !p.WindowEnd.IsZero() && !c.Window.To.After(p.WindowEnd) {
		return p
	}
	p.WindowEnd = c.Window.To
	switch c.Verdict {
	case VerdictPass:
		p.Passed++
	case VerdictFail:
		p.Failed++
	case VerdictNoData:
		p.NoData++
	default: // VerdictError, and a verdict that is not known is none
		p.Errors++
		p.ErrorsInARow++
		p.LastError = c.Message
		return p
	}
	p.ErrorsInARow = 0
	p.Judged += c.Window.Length()
	if c.Failed {
		p.Failures++
		p.LastFailure, p.FailureWindow = c.Message, c.Window
	}
	return p
}

// Checks counts the checks so far, which is the index of the next one.
func (p Progress) Checks() int { return p.Passed + p.Failed + p.NoData + p.Errors }

// Summary is the counts in a sentence, such as "12 checks passed, 0 failed, 3
// without data". If no check saw data it says so.
func (p Progress) Summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s passed, %d failed", count(p.Passed, "check"), p.Failed)
	if p.NoData > 0 {
		fmt.Fprintf(&b, ", %d without data", p.NoData)
	}
	if p.Errors > 0 {
		fmt.Fprintf(&b, ", %d without an answer", p.Errors)
	}
	if p.Passed+p.Failed == 0 && p.NoData > 0 {
		b.WriteString("; no check ever saw data, so the new version was not measured")
	}
	return b.String()
}

// failure says what the last failed check saw and why it was one too many.
func (p Progress) failure(limit int) string {
	var b strings.Builder
	b.WriteString(p.LastFailure)
	if p.FailureWindow != (Window{}) {
		fmt.Fprintf(&b, ", in the window to %s", clock(p.FailureWindow.To))
	}
	switch limit {
	case 0:
		b.WriteString("; no check may fail")
	case 1:
		fmt.Fprintf(&b, "; %s failed and only one may", count(p.Failures, "check"))
	default:
		fmt.Fprintf(&b, "; %s failed and only %d may", count(p.Failures, "check"), limit)
	}
	if p.Passed > 0 {
		fmt.Fprintf(&b, " (%s passed)", count(p.Passed, "check"))
	}
	return b.String()
}

// State says whether an analysis is over.
type State string

// The states.
const (
	StateContinue  State = "CONTINUE"
	StateSucceeded State = "SUCCEEDED"
	StateFailed    State = "FAILED"
)

// Outcome is the state of an analysis and the sentence that explains it.
type Outcome struct {
	State State
	// Message ends up as the status of the stage.
	Message string
}

// Decide says whether the analysis goes on. It fails when more checks failed
// than the limit tolerates, and when the provider gave no answer in ErrorLimit
// checks in a row. It succeeds when the whole duration was judged; as only
// answered checks are judged, it cannot succeed without an answer.
func Decide(cfg Config, p Progress) Outcome {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return Outcome{State: StateFailed, Message: err.Error()}
	}
	switch {
	case p.Failures > cfg.FailureLimit:
		return Outcome{State: StateFailed, Message: p.failure(cfg.FailureLimit)}
	case p.ErrorsInARow >= cfg.ErrorLimit:
		return Outcome{State: StateFailed, Message: fmt.Sprintf("the provider gave no answer to %s in a row: %s (%s)",
			count(p.ErrorsInARow, "check"), p.LastError, p.Summary())}
	case p.Judged >= cfg.Duration:
		return Outcome{State: StateSucceeded, Message: p.Summary()}
	default:
		return Outcome{State: StateContinue, Message: fmt.Sprintf("%s of %s judged: %s", p.Judged, cfg.Duration, p.Summary())}
	}
}
