package model

// DeploymentStatus is where a deployment is in its life. The numbers are those
// of the wire.
type DeploymentStatus int32

// The statuses of a deployment, in the order of its life. The last three are
// final.
const (
	DeploymentPending     DeploymentStatus = 0 // created; waits for its turn and its plan
	DeploymentPlanned     DeploymentStatus = 1 // its stages are known
	DeploymentRunning     DeploymentStatus = 2 // its stages run
	DeploymentRollingBack DeploymentStatus = 3 // a stage failed or it was cancelled; ROLLBACK runs
	DeploymentSuccess     DeploymentStatus = 4
	DeploymentFailure     DeploymentStatus = 5
	DeploymentCancelled   DeploymentStatus = 6
)

// DeploymentStatuses returns all statuses in the order of a deployment's life.
func DeploymentStatuses() []DeploymentStatus {
	return []DeploymentStatus{
		DeploymentPending, DeploymentPlanned, DeploymentRunning, DeploymentRollingBack,
		DeploymentSuccess, DeploymentFailure, DeploymentCancelled,
	}
}

// OpenDeploymentStatuses returns the statuses that are not final.
func OpenDeploymentStatuses() []DeploymentStatus {
	return []DeploymentStatus{DeploymentPending, DeploymentPlanned, DeploymentRunning, DeploymentRollingBack}
}

// String returns the name without prefix: PENDING, PLANNED, RUNNING,
// ROLLING_BACK, SUCCESS, FAILURE, CANCELLED, or UNKNOWN.
func (s DeploymentStatus) String() string {
	switch s {
	case DeploymentPending:
		return "PENDING"
	case DeploymentPlanned:
		return "PLANNED"
	case DeploymentRunning:
		return "RUNNING"
	case DeploymentRollingBack:
		return "ROLLING_BACK"
	case DeploymentSuccess:
		return "SUCCESS"
	case DeploymentFailure:
		return "FAILURE"
	case DeploymentCancelled:
		return "CANCELLED"
	default:
		return unknownName
	}
}

// IsCompleted reports whether the status is final.
func (s DeploymentStatus) IsCompleted() bool {
	return s == DeploymentSuccess || s == DeploymentFailure || s == DeploymentCancelled
}

// CanBecome reports whether next may follow s. The same status again is
// allowed, because agents repeat reports; a step backwards is not, and a
// deployment that rolls back cannot succeed.
func (s DeploymentStatus) CanBecome(next DeploymentStatus) bool {
	switch {
	case next < DeploymentPending || next > DeploymentCancelled:
		return false
	case s == next:
		return true
	case s.IsCompleted():
		return false
	case s == DeploymentRollingBack && next == DeploymentSuccess:
		return false
	default:
		return next > s
	}
}

// StageStatus is where a stage is in its life. The numbers are those of the
// wire.
type StageStatus int32

// The statuses of a stage.
const (
	StageNotStarted StageStatus = 0
	StageRunning    StageStatus = 1
	StageSuccess    StageStatus = 2
	StageFailure    StageStatus = 3
	StageCancelled  StageStatus = 4
	StageSkipped    StageStatus = 5
	StageExited     StageStatus = 6 // ended the pipeline early, without failure
)

// String returns the name without prefix: NOT_STARTED_YET, RUNNING, SUCCESS,
// FAILURE, CANCELLED, SKIPPED, EXITED, or UNKNOWN.
func (s StageStatus) String() string {
	switch s {
	case StageNotStarted:
		return "NOT_STARTED_YET"
	case StageRunning:
		return "RUNNING"
	case StageSuccess:
		return "SUCCESS"
	case StageFailure:
		return "FAILURE"
	case StageCancelled:
		return "CANCELLED"
	case StageSkipped:
		return "SKIPPED"
	case StageExited:
		return "EXITED"
	default:
		return unknownName
	}
}

// IsCompleted reports whether the status is final.
func (s StageStatus) IsCompleted() bool {
	return s >= StageSuccess && s <= StageExited
}

// CanBecome reports whether next may follow s: the same status again, or a step
// forward. A completed stage stays as it is.
func (s StageStatus) CanBecome(next StageStatus) bool {
	switch {
	case next < StageNotStarted || next > StageExited:
		return false
	case s == next:
		return true
	case s.IsCompleted():
		return false
	default:
		return next > s
	}
}

// SyncStrategy is how a deployment brings a commit out. The numbers are those
// of the wire.
type SyncStrategy int32

// The strategies.
const (
	StrategyAuto      SyncStrategy = 0 // the planner decides
	StrategyQuickSync SyncStrategy = 1
	StrategyPipeline  SyncStrategy = 2
)

// String returns AUTO, QUICK_SYNC or PIPELINE.
func (s SyncStrategy) String() string {
	switch s {
	case StrategyQuickSync:
		return "QUICK_SYNC"
	case StrategyPipeline:
		return "PIPELINE"
	case StrategyAuto:
		return "AUTO"
	default:
		return unknownName
	}
}

// SyncStatus says how an application relates to what Git asks for. The numbers
// are those of the wire.
type SyncStatus int32

// The sync statuses.
const (
	SyncUnknown       SyncStatus = 0
	SyncSynced        SyncStatus = 1
	SyncDeploying     SyncStatus = 2
	SyncOutOfSync     SyncStatus = 3
	SyncInvalidConfig SyncStatus = 4
)

// String returns UNKNOWN, SYNCED, DEPLOYING, OUT_OF_SYNC or INVALID_CONFIG.
func (s SyncStatus) String() string {
	switch s {
	case SyncSynced:
		return "SYNCED"
	case SyncDeploying:
		return "DEPLOYING"
	case SyncOutOfSync:
		return "OUT_OF_SYNC"
	case SyncInvalidConfig:
		return "INVALID_CONFIG"
	case SyncUnknown:
		return unknownName
	default:
		return unknownName
	}
}
