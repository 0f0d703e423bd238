package model

// MetadataFailedQuery is the query of the metric that failed an ANALYSIS, cut to
// a few hundred bytes; the stage writes it.
const MetadataFailedQuery = "failed-query"

// MetadataNothingChanged is "true" on a ROLLBACK that found nothing to undo,
// because the deployment ended before its first side effect.
const MetadataNothingChanged = "nothing-changed"

// Keys of a stage's metadata that say what the stage is going to do, for people
// who look at it before it runs. The planner writes them.
const (
	// MetadataDuration is how long a WAIT or an ANALYSIS is meant to take, such as "10m0s".
	MetadataDuration = "duration"
	// MetadataMinApprovers is how many people have to approve, where one is not enough.
	MetadataMinApprovers = "min-approver-num"
)
