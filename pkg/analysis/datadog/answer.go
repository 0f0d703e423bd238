package datadog

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV1"

	"pipecd/pkg/analysis"
	"pipecd/pkg/model"
)

// maxMillis is the end of the year 9999, the last that RFC 3339 can write.
const maxMillis = 253402300799999

// read makes a result of an answer with HTTP status 200. Answers that are not
// as documented give an error with CodeUnavailable, so that they are asked
// again and never judged.
func read(answer datadogV1.MetricsQueryResponse, q analysis.Query) (analysis.Result, error) {
	if err := check(answer); err != nil {
		return analysis.Result{}, err
	}
	var result analysis.Result
	lines := make([]line, 0, len(answer.Series))
	for i := range answer.Series {
		l, err := readLine(&answer.Series[i])
		if err != nil {
			return analysis.Result{}, err
		}
		lines = append(lines, l)
	}
	width := bucketWidth(lines, q.Window.Length()+q.Lookback)
	for _, l := range lines {
		series := analysis.Series{Name: l.name, Scope: l.scope}
		for _, p := range l.points {
			end := p.Time.Add(width)
			if end.After(result.Newest) {
				result.Newest = end
			}
			if q.Window.Ends(end) {
				series.Points = append(series.Points, p)
			}
		}
		if len(series.Points) > 0 {
			result.Series = append(result.Series, series)
		}
	}
	return result, nil
}

// check looks at what is around the series.
func check(answer datadogV1.MetricsQueryResponse) error {
	switch {
	case answer.UnparsedObject != nil:
		return malformed("a field has an unexpected type")
	case answer.Status != nil && *answer.Status != "ok", answer.GetError() != "":
		return answeredError(answer)
	case answer.Series == nil:
		return malformed("there are no series, not even none")
	default:
		return nil
	}
}

// answeredError is for an error that came with HTTP status 200. Such an answer
// has no code; that the query does not parse is told by the word.
func answeredError(answer datadogV1.MetricsQueryResponse) error {
	said := answer.GetError()
	if said == "" {
		said = answer.GetMessage()
	}
	if said == "" {
		said = "no reason is given"
	}
	code := model.CodeUnavailable
	if strings.Contains(strings.ToLower(said), "pars") {
		code = model.CodeInvalid
	}
	return model.Errorf(code, "Datadog answered the query with an error (status %q): %s", shorten(answer.GetStatus()), shorten(said))
}

func malformed(how string) error {
	return model.Errorf(model.CodeUnavailable, "Datadog's answer is malformed: %s", how)
}

// line is one series as it came.
type line struct {
	name, scope string
	points      []analysis.Point // those with a value, ordered by time
	gap         time.Duration    // the least distance of two buckets, 0 if unknown
	interval    int64            // as sent, 0 if absent
}

func readLine(s *datadogV1.MetricsQueryMetadata) (line, error) {
	if s.UnparsedObject != nil {
		return line{}, malformed("a field of a series has an unexpected type")
	}
	l := line{name: s.GetMetric(), scope: s.GetScope(), interval: s.GetInterval()}
	if name := s.GetDisplayName(); name != "" {
		l.name = name
	}
	times := make([]time.Time, 0, len(s.Pointlist))
	for _, raw := range s.Pointlist {
		if len(raw) < 2 || raw[0] == nil {
			return line{}, malformed("a point is not a time and a value")
		}
		if !(*raw[0] >= 0 && *raw[0] <= maxMillis) {
			return line{}, malformed("the time of a point is out of range")
		}
		at := time.UnixMilli(int64(math.Floor(*raw[0]))).UTC()
		times = append(times, at)
		if raw[1] != nil {
			l.points = append(l.points, analysis.Point{Time: at, Value: *raw[1]})
		}
	}
	slices.SortStableFunc(l.points, func(a, b analysis.Point) int { return a.Time.Compare(b.Time) })
	l.gap = leastGap(times)
	return l, nil
}

// leastGap is the least distance of two different times, 0 if there is none.
func leastGap(times []time.Time) time.Duration {
	slices.SortFunc(times, time.Time.Compare)
	var least time.Duration
	for i := 1; i < len(times); i++ {
		if d := times[i].Sub(times[i-1]); d > 0 && (least == 0 || d < least) {
			least = d
		}
	}
	return least
}

// bucketWidth is how much time a point stands for: the smaller of what the
// series say of themselves and of the distance of their points. Too small a
// width takes a bucket that may still be filling; too large a one would lose
// points that were measured, so the smaller is chosen. Zero if nothing is known.
func bucketWidth(lines []line, asked time.Duration) time.Duration {
	var width time.Duration
	take := func(d time.Duration) {
		if d > 0 && (width == 0 || d < width) {
			width = d
		}
	}
	for _, l := range lines {
		take(l.gap)
	}
	for _, l := range lines {
		take(stated(l, asked))
	}
	return width
}

// stated is the interval of a series. It is sent in seconds; as it is documented
// in milliseconds, a value that makes no sense in seconds is taken for those.
func stated(l line, asked time.Duration) time.Duration {
	const day = 24 * 60 * 60
	if l.interval <= 0 || l.interval > day*1000 {
		return 0
	}
	limit := asked
	if l.gap > 0 {
		limit = l.gap
	}
	if stated := time.Duration(l.interval) * time.Second; stated <= limit || l.interval < 1000 {
		return stated
	}
	return time.Duration(l.interval) * time.Millisecond
}
