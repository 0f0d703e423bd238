package analysis

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"pipecd/pkg/model"
)

// Verdict is the result of one check.
type Verdict string

// The verdicts.
const (
	// VerdictPass: there were points and all of them are as expected.
	VerdictPass Verdict = "PASS"
	// VerdictFail: there were points and they are not as expected.
	VerdictFail Verdict = "FAIL"
	// VerdictNoData: the provider answered and there was no point to judge.
	VerdictNoData Verdict = "NO_DATA"
	// VerdictError: there was no usable answer, or nothing to judge it by.
	VerdictError Verdict = "ERROR"
)

// NoDataPolicy says what a window without points means for an analysis. The
// verdict is VerdictNoData in every case.
type NoDataPolicy string

// The policies.
const (
	// NoDataTolerate does not fail the check. The default.
	NoDataTolerate NoDataPolicy = ""
	// NoDataSkip leaves the check out of the judgement because the user
	// expects gaps. For a threshold that has the effect of NoDataTolerate.
	NoDataSkip NoDataPolicy = "SKIP"
	// NoDataFail counts the check as failed.
	NoDataFail NoDataPolicy = "FAIL"
)

func (n NoDataPolicy) valid() bool {
	return n == NoDataTolerate || n == NoDataSkip || n == NoDataFail
}

// Bounds is the range in which values are expected. Both ends are inclusive; a
// nil end is open.
type Bounds struct {
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
}

// Validate returns an error with CodeInvalid unless the bounds can judge a
// value.
func (b Bounds) Validate() error {
	switch {
	case b.Min == nil && b.Max == nil:
		return model.Errorf(model.CodeInvalid, "expected: set min, max or both")
	case b.Min != nil && !isNumber(*b.Min):
		return model.Errorf(model.CodeInvalid, "expected.min is %s, want a finite number", number(*b.Min))
	case b.Max != nil && !isNumber(*b.Max):
		return model.Errorf(model.CodeInvalid, "expected.max is %s, want a finite number", number(*b.Max))
	case b.Min != nil && b.Max != nil && *b.Min > *b.Max:
		return model.Errorf(model.CodeInvalid, "expected.min %s is greater than expected.max %s", number(*b.Min), number(*b.Max))
	default:
		return nil
	}
}

// Contain reports whether v is inside. NaN and the infinities never are.
func (b Bounds) Contain(v float64) bool {
	return isNumber(v) && (b.Min == nil || v >= *b.Min) && (b.Max == nil || v <= *b.Max)
}

// String is the range in words, such as "at most 10".
func (b Bounds) String() string {
	switch {
	case b.Min == nil && b.Max == nil:
		return "anything"
	case b.Min == nil:
		return "at most " + number(*b.Max)
	case b.Max == nil:
		return "at least " + number(*b.Min)
	default:
		return "between " + number(*b.Min) + " and " + number(*b.Max)
	}
}

// Outlier is a point that is not as expected.
type Outlier struct {
	// Series is the label of the series the point is in.
	Series string `json:"series"`
	Point  Point  `json:"point"`
}

// Judgement is what the points of a window amount to.
type Judgement struct {
	Verdict Verdict
	// Failed is true if the check counts against the failure limit: after
	// VerdictFail, and after VerdictNoData under NoDataFail.
	Failed bool
	// Outlier is the earliest point out of bounds, for VerdictFail.
	Outlier *Outlier
	// Message is the verdict in a sentence.
	Message string
}

// JudgeThreshold says whether every point of every series is inside expected.
// Series are judged one by one and never pooled; among several outliers the
// earliest is named. Bounds that cannot judge give VerdictError, not a pass.
func JudgeThreshold(expected Bounds, series []Series, onNoData NoDataPolicy) Judgement {
	if err := expected.Validate(); err != nil {
		return Judgement{Verdict: VerdictError, Message: err.Error()}
	}
	seen := survey(expected, series)
	switch {
	case seen.points == 0:
		return judgeNoData(onNoData)
	case seen.outlier != nil:
		return Judgement{
			Verdict: VerdictFail, Failed: true, Outlier: seen.outlier,
			Message: fmt.Sprintf("%s was %s at %s and %s is expected (%s)",
				seen.subject(), number(seen.outlier.Point.Value),
				clock(seen.outlier.Point.Time), expected, seen.share()),
		}
	default:
		return Judgement{
			Verdict: VerdictPass,
			Message: fmt.Sprintf("%s in %s, all %s (seen: %s to %s)", count(seen.points, "point"),
				count(seen.series, "series"), expected, number(seen.lowest), number(seen.highest)),
		}
	}
}

func judgeNoData(policy NoDataPolicy) Judgement {
	j := Judgement{Verdict: VerdictNoData, Message: "there was no data"}
	switch policy {
	case NoDataFail:
		j.Failed = true
		j.Message = "there was no data, which counts as a failed check (onNoData: FAIL)"
	case NoDataSkip:
		j.Message = "there was no data, so the check is skipped"
	case NoDataTolerate:
	}
	return j
}

// sights is what a threshold needs to know about the points of a window.
type sights struct {
	points, outside, series int
	lowest, highest         float64
	outlier                 *Outlier
}

// subject is what was out of bounds. The name of the only series says no more
// than the query does, and is as long.
func (s sights) subject() string {
	if s.series == 1 || s.outlier.Series == "" {
		return "the value"
	}
	return s.outlier.Series
}

// share says how many of the points are out of range.
func (s sights) share() string {
	if s.points == 1 {
		return "the only point"
	}
	verb := "are"
	if s.outside == 1 {
		verb = "is"
	}
	return fmt.Sprintf("%d of %d points %s out of range", s.outside, s.points, verb)
}

func survey(expected Bounds, series []Series) sights {
	s := sights{lowest: math.Inf(1), highest: math.Inf(-1)}
	for i := range series {
		if len(series[i].Points) > 0 {
			s.series++
		}
		for _, p := range series[i].Points {
			s.points++
			s.lowest, s.highest = min(s.lowest, p.Value), max(s.highest, p.Value)
			if expected.Contain(p.Value) {
				continue
			}
			s.outside++
			if s.outlier == nil || p.Time.Before(s.outlier.Point.Time) {
				s.outlier = &Outlier{Series: series[i].Label(), Point: p}
			}
		}
	}
	return s
}

// clock is a time of day for a sentence; the day is that of the check, which the record has.
func clock(t time.Time) string { return t.UTC().Format("15:04:05.999 UTC") }

func isNumber(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// count puts n before a noun, with an s where English wants one.
func count(n int, noun string) string {
	if n == 1 || noun == "series" {
		return fmt.Sprintf("%d %s", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
