package model

import "time"

// Limits of a reported analysis check. They are those of the wire, which
// refuses more.
const (
	MaxChecksInReport    = 100
	MaxCheckQuerySize    = 65536 // bytes, also of the name and the scope of a series
	MaxCheckMessageSize  = 16384 // bytes
	MaxCheckSeries       = 50
	MaxPointsOfOneSeries = 500
)

// AnalysisCheck is what an ANALYSIS stage saw in one look at one window of one
// metric, kept to be drawn.
type AnalysisCheck struct {
	// Metric is the metric's id in its stage, such as "metrics-0". Index counts its checks from 0, over restarts of
	// the agent. Together they name the check within one attempt of the stage.
	Metric string
	Index  int

	Strategy string // how the points were judged, such as "THRESHOLD"
	From, To time.Time
	AskedAt  time.Time // when the verdict was reached
	Query    string    // as it was sent
	Min, Max *float64  // the bounds; nil is open
	Series   []AnalysisSeries
	Omitted  int // judged points that are not in Series

	Verdict string // "PASS", "FAIL", "NO_DATA" or "ERROR"
	Failed  bool   // whether it counts against the failure limit
	Message string // the verdict in a sentence
}

// AnalysisSeries is one line of a chart.
type AnalysisSeries struct {
	Name   string // what is measured, in the provider's words
	Scope  string // the group of a grouped query, such as "host:a"; may be empty
	Points []AnalysisPoint
}

// AnalysisPoint is a value, which may be NaN or infinite, and the instant at
// which its bucket began.
type AnalysisPoint struct {
	Time  time.Time
	Value float64
}

// AnalysisReport is a batch of checks of one attempt of a stage.
type AnalysisReport struct {
	DeploymentID string
	StageID      string
	RetriedCount int32
	Checks       []AnalysisCheck // 1 to MaxChecksInReport
}
