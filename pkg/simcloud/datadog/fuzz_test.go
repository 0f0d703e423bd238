package datadog

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"pipecd/pkg/simcloud/metric"
)

// constant answers every metric with one count and one average.
type constant struct{}

func (constant) Resolution() time.Duration { return time.Minute }

func (constant) Query(name string, from, _ time.Time) []metric.Series {
	points := []metric.Point{{Time: from, Value: 1}, {Time: from.Add(2 * time.Minute), Value: 0}}
	return []metric.Series{
		{Name: name, Tags: []string{"a:b"}, Kind: metric.Count, Points: points},
		{Name: name, Tags: []string{"a:c"}, Kind: metric.Average, Points: points[:1]},
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"sum:a.b_c{*}", "100 * sum:a{x:y,!z:w} by {a,b}.as_count() / (1.5 - avg:b{*}.rollup(sum, 60).fill(zero, 30))",
		"default_zero(abs(-max:a{*}.as_rate()))", "sum:a{b:c/d/e*}", "((((1))))", "sum:a{*}.", "{", ".5+a{*}", "a:b{}", "- -1",
	} {
		f.Add(seed)
	}
	from := time.Unix(1_700_000_040, 0)
	f.Fuzz(func(t *testing.T, query string) {
		e, err := parse(query)
		if err != nil {
			var syntax *syntaxError
			if !errors.As(err, &syntax) || syntax.at < 0 || syntax.at > len(query) || syntax.Error() == "" {
				t.Fatalf("%q: the error has no place: %v", query, err)
			}
			return
		}
		w := newWindow(from, from.Add(5*time.Minute), time.Minute)
		v := (&evaluator{source: constant{}, window: w}).eval(e)
		a := newAnswer(query, w.from, w.to)
		a.add(e, v)
		if _, err := json.Marshal(a); err != nil {
			t.Fatalf("%q: the answer cannot be encoded: %v", query, err)
		}
	})
}
