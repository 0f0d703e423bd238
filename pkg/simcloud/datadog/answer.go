package datadog

import (
	"math"
	"slices"
	"strings"
	"time"
)

// queryAnswer is the body of GET /api/v1/query. Times are Unix milliseconds,
// intervals are seconds, as the real API sends them (its reference says
// milliseconds).
type queryAnswer struct {
	Status   string         `json:"status"`
	ResType  string         `json:"res_type"`
	Version  int            `json:"resp_version"`
	Query    string         `json:"query"`
	FromDate int64          `json:"from_date"`
	ToDate   int64          `json:"to_date"`
	Series   []seriesAnswer `json:"series"`
	Values   []float64      `json:"values"`
	Times    []int64        `json:"times"`
	Message  string         `json:"message"`
	GroupBy  []string       `json:"group_by"`
}

type seriesAnswer struct {
	Unit        []any         `json:"unit"` // null: the store knows no units
	QueryIndex  int           `json:"query_index"`
	Aggr        *string       `json:"aggr"`
	Metric      string        `json:"metric"`
	DisplayName string        `json:"display_name"`
	TagSet      []string      `json:"tag_set"`
	Expression  string        `json:"expression"`
	Scope       string        `json:"scope"`
	Interval    int64         `json:"interval"`
	Length      int           `json:"length"`
	Start       int64         `json:"start"`
	End         int64         `json:"end"`
	Pointlist   [][2]*float64 `json:"pointlist"`
}

func newAnswer(query string, from, to time.Time) queryAnswer {
	return queryAnswer{
		Status: "ok", ResType: "time_series", Version: 1, Query: query,
		FromDate: from.UnixMilli(), ToDate: to.UnixMilli(),
		Series: []seriesAnswer{}, Values: []float64{}, Times: []int64{}, GroupBy: []string{},
	}
}

// add appends the lines of an expression's value.
func (a *queryAnswer) add(e expr, v value) {
	a.GroupBy = append(a.GroupBy, grouping(e)...)
	for _, l := range v.lines {
		times := l.times()
		if len(times) == 0 {
			continue
		}
		s := seriesAnswer{
			Metric: e.text(), DisplayName: e.text(), Expression: e.text(), Scope: "*",
			TagSet: slices.Clone(l.tags), Interval: seconds(l.interval), Length: len(times),
			Start: times[0], End: times[len(times)-1] + seconds(l.interval)*1000 - 1000,
		}
		if s.TagSet == nil {
			s.TagSet = []string{}
		}
		if m, ok := e.(metricQuery); ok {
			s.Metric, s.DisplayName, s.Aggr, s.Scope = m.name, m.name, &m.aggregator, scope(m, l)
		} else if len(l.tags) > 0 {
			s.Scope = strings.Join(l.tags, ",")
		}
		for _, t := range times {
			at := float64(t)
			point := [2]*float64{&at, nil}
			if p := l.points[t]; !math.IsNaN(p) {
				point[1] = &p
			}
			s.Pointlist = append(s.Pointlist, point)
		}
		a.Series = append(a.Series, s)
	}
}

// scope is the metric's filters and the line's group.
func scope(m metricQuery, l *line) string {
	var parts []string
	for _, f := range m.filters {
		switch {
		case f.tag == "*" && len(m.filters) == 1 && len(l.tags) > 0:
		case f.exclude:
			parts = append(parts, "!"+f.tag)
		default:
			parts = append(parts, f.tag)
		}
	}
	return strings.Join(append(parts, l.tags...), ",")
}

// grouping returns the tag names by which a query groups.
func grouping(e expr) []string {
	switch e := e.(type) {
	case metricQuery:
		return e.groupBy
	case negate:
		return grouping(e.arg)
	case call:
		return grouping(e.arg)
	case binary:
		if left := grouping(e.left); len(left) > 0 {
			return left
		}
		return grouping(e.right)
	default:
		return nil
	}
}
