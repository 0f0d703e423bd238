package analysis

import "time"

// Strategy is the way in which the points of a check are judged.
type Strategy string

// StrategyThreshold compares every point with fixed bounds.
const StrategyThreshold Strategy = "THRESHOLD"

// Limits of a stored check, so that a query with a thousand groups does not
// fill the store. What is judged is not limited.
const (
	MaxStoredSeries = 50
	MaxStoredPoints = 500
)

// Check is the record of one look at one window. It is stored, and drawn.
type Check struct {
	// Metric is the id of the metric in its stage, such as "metrics-0".
	Metric string `json:"metric"`
	// Index counts the checks of the metric from 0, over restarts.
	Index    int      `json:"index"`
	Strategy Strategy `json:"strategy"`
	Window   Window   `json:"window"`
	// AskedAt is when the verdict was reached.
	AskedAt time.Time `json:"askedAt"`
	// Query is what was sent.
	Query string `json:"query"`
	// Bounds is what was expected.
	Bounds Bounds `json:"bounds"`
	// Series holds the points that were judged, cut to MaxStoredSeries and
	// MaxStoredPoints.
	Series []Series `json:"series,omitempty"`
	// Omitted counts the points that were judged and are not in Series.
	Omitted int     `json:"omitted,omitempty"`
	Verdict Verdict `json:"verdict"`
	// Failed is true if the check counts against the failure limit.
	Failed bool `json:"failed,omitempty"`
	// Outlier is the earliest point out of bounds, for VerdictFail. It may be among
	// the omitted ones.
	Outlier *Outlier `json:"outlier,omitempty"`
	// Message is the verdict in a sentence.
	Message string `json:"message"`
}

// keep cuts series to what a Check stores and counts what is left out.
func keep(series []Series) (kept []Series, omitted int) {
	room := MaxStoredPoints
	for _, s := range series {
		n := min(len(s.Points), room)
		if len(kept) == MaxStoredSeries {
			n = 0
		}
		omitted += len(s.Points) - n
		if n == 0 {
			continue
		}
		room -= n
		s.Points = s.Points[:n:n]
		kept = append(kept, s)
	}
	return kept, omitted
}

// since leaves out the points whose bucket began before t: they also measure
// what was there before the stage.
func since(series []Series, t time.Time) []Series {
	out := make([]Series, 0, len(series))
	for _, s := range series {
		points := make([]Point, 0, len(s.Points))
		for _, p := range s.Points {
			if !p.Time.Before(t) {
				points = append(points, p)
			}
		}
		s.Points = points
		out = append(out, s)
	}
	return out
}
