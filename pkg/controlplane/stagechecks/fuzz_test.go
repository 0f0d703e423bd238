package stagechecks

import (
	"math"
	"testing"
	"time"

	"pipecd/pkg/model"
)

// FuzzDecodeChecks reads what may lie in the filestore. What it can read, it
// writes again so that it reads as many.
func FuzzDecodeChecks(f *testing.F) {
	bound := math.Inf(1)
	good, _, err := encode([]model.AnalysisCheck{{
		Metric: "m", Index: 1, From: time.Unix(1, 0), Max: &bound, Verdict: "PASS",
		Series: []model.AnalysisSeries{{Name: "s", Points: []model.AnalysisPoint{{Time: time.Unix(1, 0), Value: math.NaN()}}}},
	}})
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{"", "null", "{}", `{"min":"NaN"}`, `{"min":"x"}`, `{"series":[{"points":[{"v":1e999}]}]}`, `{"from":"0000-13-01"}`, string(good)} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		checks := decode(content)
		for _, c := range checks {
			for _, at := range []time.Time{c.From, c.To, c.AskedAt} {
				if y := at.UTC().Year(); y < 0 || y > 9999 {
					return // the zone of a time that JSON can hold may make it one that JSON cannot
				}
			}
			for _, s := range c.Series {
				for _, p := range s.Points {
					if y := p.Time.UTC().Year(); y < 0 || y > 9999 {
						return
					}
				}
			}
		}
		again, _, err := encode(checks)
		if err != nil {
			t.Fatal(err)
		}
		if got := decode(again); len(got) != len(checks) {
			t.Errorf("%d checks became %d", len(checks), len(got))
		}
		_ = merge(checks)
	})
}

// FuzzCursor takes a cursor that anybody may have written.
func FuzzCursor(f *testing.F) {
	f.Add(batchName{received: 1, bytes: 2, digest: "abc"}.String())
	f.Add("00000000000000000001-2-../../x.jsonl")
	f.Add("-")
	f.Fuzz(func(t *testing.T, cursor string) {
		if n, ok := parseBatchName(cursor); ok && n.String() != cursor {
			t.Errorf("%q is read as %q", cursor, n)
		}
	})
}
