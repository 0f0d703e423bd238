package stagechecks

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"time"

	"pipecd/pkg/model"
)

// row is one check as it is stored.
type row struct {
	Metric   string    `json:"metric"`
	Index    int       `json:"index"`
	Strategy string    `json:"strategy,omitempty"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	AskedAt  time.Time `json:"askedAt"`
	Query    string    `json:"query,omitempty"`
	Min      *number   `json:"min,omitempty"`
	Max      *number   `json:"max,omitempty"`
	Series   []series  `json:"series,omitempty"`
	Omitted  int       `json:"omitted,omitempty"`
	Verdict  string    `json:"verdict"`
	Failed   bool      `json:"failed,omitempty"`
	Message  string    `json:"message,omitempty"`
}

type series struct {
	Name   string  `json:"name,omitempty"`
	Scope  string  `json:"scope,omitempty"`
	Points []point `json:"points"`
}

type point struct {
	Time  time.Time `json:"t"`
	Value number    `json:"v"`
}

// number is a float64 that JSON can carry whatever it is: NaN and the
// infinities are strings.
type number float64

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) {
	text := strconv.FormatFloat(float64(n), 'g', -1, 64)
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		text = strconv.Quote(text)
	}
	return []byte(text), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(data []byte) error {
	text := string(data)
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return model.Wrap(model.CodeInternal, err, "reading the value of a stored check")
	}
	*n = number(value)
	return nil
}

// encode returns the content of a batch and its digest.
func encode(checks []model.AnalysisCheck) (content []byte, digest string, err error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	for _, c := range checks {
		if err := enc.Encode(rowOf(c)); err != nil {
			return nil, "", model.Wrap(model.CodeInternal, err, "encoding a check")
		}
	}
	sum := sha256.Sum256(buf.Bytes())
	return buf.Bytes(), hex.EncodeToString(sum[:8]), nil
}

// decode is the inverse of encode. A check that cannot be read is left out: the
// others are still worth drawing.
func decode(content []byte) []model.AnalysisCheck {
	var out []model.AnalysisCheck
	sc := bufio.NewScanner(bytes.NewReader(content))
	sc.Buffer(nil, len(content)+1)
	for sc.Scan() {
		var r row
		if json.Unmarshal(sc.Bytes(), &r) == nil {
			out = append(out, r.check())
		}
	}
	return out
}

func rowOf(c model.AnalysisCheck) row {
	r := row{
		Metric: c.Metric, Index: c.Index, Strategy: c.Strategy, From: c.From.UTC(), To: c.To.UTC(), AskedAt: c.AskedAt.UTC(),
		Query: c.Query, Min: (*number)(c.Min), Max: (*number)(c.Max), Omitted: c.Omitted,
		Verdict: c.Verdict, Failed: c.Failed, Message: c.Message,
	}
	for _, s := range c.Series {
		line := series{Name: s.Name, Scope: s.Scope, Points: make([]point, len(s.Points))}
		for i, p := range s.Points {
			line.Points[i] = point{p.Time.UTC(), number(p.Value)}
		}
		r.Series = append(r.Series, line)
	}
	return r
}

func (r row) check() model.AnalysisCheck {
	c := model.AnalysisCheck{
		Metric: r.Metric, Index: r.Index, Strategy: r.Strategy, From: r.From, To: r.To, AskedAt: r.AskedAt,
		Query: r.Query, Min: (*float64)(r.Min), Max: (*float64)(r.Max), Omitted: r.Omitted,
		Verdict: r.Verdict, Failed: r.Failed, Message: r.Message,
	}
	for _, s := range r.Series {
		line := model.AnalysisSeries{Name: s.Name, Scope: s.Scope, Points: make([]model.AnalysisPoint, len(s.Points))}
		for i, p := range s.Points {
			line.Points[i] = model.AnalysisPoint{Time: p.Time, Value: float64(p.Value)}
		}
		c.Series = append(c.Series, line)
	}
	return c
}
