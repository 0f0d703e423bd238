package analysis_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pipecd/pkg/analysis"
	"pipecd/pkg/model"
)

func series(scope string, values ...float64) analysis.Series {
	s := analysis.Series{Name: "m", Scope: scope}
	for i, v := range values {
		s.Points = append(s.Points, analysis.Point{Time: at(time.Duration(i) * time.Minute), Value: v})
	}
	return s
}

func TestJudgeThreshold(t *testing.T) {
	t.Parallel()
	most := analysis.Bounds{Max: new(float64(10))}
	both := analysis.Bounds{Min: new(float64(1)), Max: new(float64(10))}
	one := func(s ...analysis.Series) []analysis.Series { return s }
	for name, tt := range map[string]struct {
		expected analysis.Bounds
		series   []analysis.Series
		policy   analysis.NoDataPolicy
		verdict  analysis.Verdict
		failed   bool
		says     string
	}{
		"inside":                 {most, one(series("", 1, 2)), "", analysis.VerdictPass, false, "2 points in 1 series, all at most 10 (seen: 1 to 2)"},
		"on the bounds":          {both, one(series("", 1, 10)), "", analysis.VerdictPass, false, "between 1 and 10"},
		"above":                  {most, one(series("", 1, 10.5)), "", analysis.VerdictFail, true, "the value was 10.5 at 03:05:05 UTC and at most 10 is expected (1 of 2 points is out of range)"},
		"below":                  {analysis.Bounds{Min: new(float64(1))}, one(series("", 0)), "", analysis.VerdictFail, true, "at least 1 is expected (the only point)"},
		"the first of several":   {most, one(series("", 1, 20, 30)), "", analysis.VerdictFail, true, "(2 of 3 points are out of range)"},
		"a group is not pooled":  {most, one(series("host:a", 1, 1), series("host:b", 1, 99)), "", analysis.VerdictFail, true, "m{host:b} was 99"},
		"earliest of all groups": {most, one(series("host:a", 1, 50), series("host:b", 60)), "", analysis.VerdictFail, true, "m{host:b} was 60"},
		"NaN":                    {most, one(series("", math.NaN())), "", analysis.VerdictFail, true, "the value was NaN"},
		"infinity":               {analysis.Bounds{Min: new(float64(1))}, one(series("", math.Inf(1))), "", analysis.VerdictFail, true, "the value was +Inf"},
		"no series":              {most, nil, "", analysis.VerdictNoData, false, "no data"},
		"no points":              {most, one(series("")), "", analysis.VerdictNoData, false, "no data"},
		"no data, skip":          {most, nil, analysis.NoDataSkip, analysis.VerdictNoData, false, "skipped"},
		"no data, fail":          {most, nil, analysis.NoDataFail, analysis.VerdictNoData, true, "counts as a failed check"},
		"no bounds":              {analysis.Bounds{}, one(series("", 1)), "", analysis.VerdictError, false, "set min, max or both"},
		"no bounds, no data":     {analysis.Bounds{}, nil, "", analysis.VerdictError, false, "set min, max or both"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := analysis.JudgeThreshold(tt.expected, tt.series, tt.policy)
			if got.Verdict != tt.verdict || got.Failed != tt.failed || !strings.Contains(got.Message, tt.says) {
				t.Errorf("got %+v, want %s, failed %t, %q", got, tt.verdict, tt.failed, tt.says)
			}
			if (got.Outlier != nil) != (tt.verdict == analysis.VerdictFail) {
				t.Errorf("outlier %+v beside %s", got.Outlier, got.Verdict)
			}
		})
	}
}

func TestBoundsValidate(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]analysis.Bounds{
		"none":     {},
		"crossed":  {Min: new(float64(2)), Max: new(float64(1))},
		"NaN":      {Min: new(math.NaN())},
		"infinity": {Max: new(math.Inf(1))},
	} {
		if err := b.Validate(); model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("%s: got %v, want code %s", name, err, model.CodeInvalid)
		}
	}
}

func TestCheckIsJSON(t *testing.T) {
	t.Parallel()
	check := analysis.Check{
		Metric: "metrics-0", Strategy: analysis.StrategyThreshold, Window: span(0, time.Minute), AskedAt: at(time.Minute),
		Query: "q", Bounds: analysis.Bounds{Max: new(float64(0))}, Series: []analysis.Series{series("a:b", 1, math.NaN(), math.Inf(-1), 1e-9)},
		Verdict: analysis.VerdictFail, Failed: true, Outlier: &analysis.Outlier{Series: "m", Point: analysis.Point{Time: at(0), Value: math.Inf(1)}},
		Message: "m",
	}
	text, err := json.Marshal(check)
	if err != nil {
		t.Fatal(err)
	}
	var got analysis.Check
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(check, got, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("check (-want +got):\n%s", diff)
	}
	var p analysis.Point
	for _, bad := range []string{`{"time":"2026-01-02T03:04:05Z"}`, `{"time":"2026-01-02T03:04:05Z","value":null}`, `{"value":"x"}`, `[]`} {
		if err := json.Unmarshal([]byte(bad), &p); err == nil {
			t.Errorf("%s decoded to %+v", bad, p)
		}
	}
}

func TestRecordAndDecide(t *testing.T) {
	t.Parallel()
	const (
		pass, fail, none, oops = analysis.VerdictPass, analysis.VerdictFail, analysis.VerdictNoData, analysis.VerdictError
	)
	for name, tt := range map[string]struct {
		limit    int
		policy   analysis.NoDataPolicy
		verdicts []analysis.Verdict
		state    analysis.State
		says     string
	}{
		"nothing yet":               {0, "", nil, analysis.StateContinue, "0s of 4m0s judged"},
		"half way":                  {0, "", []analysis.Verdict{pass, pass}, analysis.StateContinue, "2m0s of 4m0s judged: 2 checks passed"},
		"all pass":                  {0, "", []analysis.Verdict{pass, pass, pass, pass}, analysis.StateSucceeded, "4 checks passed, 0 failed"},
		"one failure is too many":   {0, "", []analysis.Verdict{pass, fail}, analysis.StateFailed, "why, in the window to 03:06:05 UTC; no check may fail (1 check passed)"},
		"failures add up":           {1, "", []analysis.Verdict{fail, pass, fail}, analysis.StateFailed, "why, in the window to 03:07:05 UTC; 2 checks failed and only one may (1 check passed)"},
		"a failure is tolerated":    {1, "", []analysis.Verdict{pass, fail, pass, pass}, analysis.StateSucceeded, "3 checks passed, 1 failed"},
		"some without data":         {0, "", []analysis.Verdict{none, pass, none, pass}, analysis.StateSucceeded, "2 checks passed, 0 failed, 2 without data"},
		"never any data":            {0, "", []analysis.Verdict{none, none, none, none}, analysis.StateSucceeded, "4 without data; no check ever saw data"},
		"never any data, skip":      {0, analysis.NoDataSkip, []analysis.Verdict{none, none, none, none}, analysis.StateSucceeded, "no check ever saw data"},
		"no data fails":             {0, analysis.NoDataFail, []analysis.Verdict{pass, none}, analysis.StateFailed, "; no check may fail (1 check passed)"},
		"errors are not judged":     {0, "", []analysis.Verdict{oops, oops, pass, pass, pass}, analysis.StateContinue, "3m0s of 4m0s judged: 3 checks passed, 0 failed, 2 without an answer"},
		"errors in a row":           {9, "", []analysis.Verdict{pass, oops, oops, oops}, analysis.StateFailed, "the provider gave no answer to 3 checks in a row: why"},
		"errors with answers mixed": {0, "", []analysis.Verdict{oops, oops, none, oops, oops, pass, oops}, analysis.StateContinue, "5 without an answer"},
		"no answer is no success":   {0, "", []analysis.Verdict{oops, oops, oops, oops}, analysis.StateFailed, "no answer"},
		"unknown verdict":           {0, "", []analysis.Verdict{"", "", ""}, analysis.StateFailed, "no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := analysis.Config{Duration: 4 * time.Minute, Interval: time.Minute, FailureLimit: tt.limit, OnNoData: tt.policy}
			p := analysis.NewProgress(start)
			for i, v := range tt.verdicts {
				c := analysis.Check{
					Window: span(time.Duration(i)*time.Minute, time.Duration(i+1)*time.Minute), Verdict: v, Message: "why",
					Failed: v == fail || (v == none && tt.policy == analysis.NoDataFail),
				}
				p = analysis.Record(p, c)
				if again := analysis.Record(p, c); again != p {
					t.Fatalf("recording check %d again changes %+v to %+v", i, p, again)
				}
				p = stored(t, p)
			}
			got := analysis.Decide(cfg, p)
			if got.State != tt.state || !strings.Contains(got.Message, tt.says) {
				t.Errorf("got %+v, want %s with %q", got, tt.state, tt.says)
			}
		})
	}
}

// stored is p after a restart.
func stored(t *testing.T, p analysis.Progress) analysis.Progress {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	got, err := analysis.DecodeProgress(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, got); diff != "" {
		t.Fatalf("progress after a restart (-want +got):\n%s", diff)
	}
	return got
}

func TestDecodeProgressRefuses(t *testing.T) {
	t.Parallel()
	for text, code := range map[string]model.Code{
		``:                     model.CodeInvalid,
		`null`:                 model.CodeInvalid,
		`{}`:                   model.CodeInvalid,
		`{"version":1}`:        model.CodeInvalid,
		`{"version":"1"}`:      model.CodeInvalid,
		`{"version":99}`:       model.CodeFailedPrecondition,
		`{"version":1,"judged`: model.CodeInvalid,
	} {
		if _, err := analysis.DecodeProgress([]byte(text)); model.CodeOf(err) != code {
			t.Errorf("%s: got %v, want code %s", text, err, code)
		}
	}
}
