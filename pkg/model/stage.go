package model

import (
	"maps"
	"slices"
	"time"
)

// StageName is the kind of a stage as it stands in configuration.
type StageName string

// The stages that can run. StageRollback is generated, never configured.
const (
	StageECSSync            StageName = "ECS_SYNC"
	StageECSCanaryRollout   StageName = "ECS_CANARY_ROLLOUT"
	StageECSPrimaryRollout  StageName = "ECS_PRIMARY_ROLLOUT"
	StageECSTrafficRouting  StageName = "ECS_TRAFFIC_ROUTING"
	StageECSCanaryClean     StageName = "ECS_CANARY_CLEAN"
	StageECSBaselineRollout StageName = "ECS_BASELINE_ROLLOUT"
	StageECSBaselineClean   StageName = "ECS_BASELINE_CLEAN"
	StageWait               StageName = "WAIT"
	StageWaitApproval       StageName = "WAIT_APPROVAL"
	StageAnalysis           StageName = "ANALYSIS"
	StageScriptRun          StageName = "SCRIPT_RUN"
	StageRollback           StageName = "ROLLBACK"
)

// Ids of the stages that no configuration names.
const (
	StageIDECSSync  = "ECSSync"
	StageIDRollback = "Rollback"
)

// ManualOperation is what a person may do to a running stage. The numbers are
// those of the wire.
type ManualOperation int32

// The manual operations.
const (
	OperationUnknown ManualOperation = 0
	OperationSkip    ManualOperation = 1
	OperationApprove ManualOperation = 2
	OperationNone    ManualOperation = 3
)

// Stage is one step of a deployment's pipeline.
type Stage struct {
	ID                  string
	Name                StageName
	Description         string
	Index               int32
	Predefined          bool // generated, not configured
	Requires            []string
	Visible             bool
	Rollback            bool
	Status              StageStatus
	StatusReason        string
	Metadata            map[string]string // the stage's durable state and what people are shown
	RetriedCount        int32
	AvailableOperation  ManualOperation
	AuthorizedOperators []string
	CompletedAt         time.Time
	CreatedAt           time.Time
	UpdatedAt           time.Time
}

// Clone returns a copy that shares nothing with s.
func (s Stage) Clone() Stage {
	s.Requires = slices.Clone(s.Requires)
	s.Metadata = maps.Clone(s.Metadata)
	s.AuthorizedOperators = slices.Clone(s.AuthorizedOperators)
	return s
}

// Operation returns what a person can do to the stage now: nothing unless it
// runs. Agents that do not say so get what the stage's name tells.
func (s Stage) Operation() ManualOperation {
	switch {
	case s.Status != StageRunning:
		return OperationNone
	case s.AvailableOperation != OperationUnknown:
		return s.AvailableOperation
	case s.Name == StageAnalysis:
		return OperationSkip
	case s.Name == StageWaitApproval:
		return OperationApprove
	default:
		return OperationNone
	}
}

// StageReport is a change of a stage's status.
type StageReport struct {
	StageID      string
	Status       StageStatus
	Reason       string
	Requires     []string // replaces the stage's when not nil
	Visible      bool     // makes a hidden stage visible; never hides one
	RetriedCount int32
	CompletedAt  time.Time
}

// ReportStage records a stage's new status. The same status again is accepted,
// a step backwards is not. A completed deployment accepts none.
func (d *Deployment) ReportStage(r StageReport, now time.Time) error {
	s := d.Stage(r.StageID)
	if s == nil {
		return Errorf(CodeInvalid, "deployment %s has no stage %q", d.ID, r.StageID)
	}
	if d.Status.IsCompleted() && s.Status != r.Status {
		return Errorf(CodeFailedPrecondition, "deployment %s is already %s; stage %s stays %s", d.ID, d.Status, s.ID, s.Status)
	}
	if !s.Status.CanBecome(r.Status) {
		return Errorf(CodeFailedPrecondition, "stage %s of deployment %s is %s and cannot become %s", s.ID, d.ID, s.Status, r.Status)
	}
	s.Status, s.UpdatedAt, d.UpdatedAt = r.Status, now, now
	if r.Reason != "" {
		s.StatusReason = r.Reason
	}
	if r.Requires != nil {
		s.Requires = slices.Clone(r.Requires)
	}
	s.Visible = s.Visible || r.Visible
	s.RetriedCount = r.RetriedCount
	if r.Status.IsCompleted() && s.CompletedAt.IsZero() {
		s.CompletedAt = r.CompletedAt
	}
	return nil
}

// MergeStageMetadata sets the keys given of one stage and keeps the others. A
// completed deployment's stages stay as they are.
func (d *Deployment) MergeStageMetadata(stageID string, metadata map[string]string, now time.Time) error {
	s := d.Stage(stageID)
	if s == nil {
		return Errorf(CodeInvalid, "deployment %s has no stage %q", d.ID, stageID)
	}
	if d.Status.IsCompleted() {
		return Errorf(CodeFailedPrecondition, "deployment %s is already %s", d.ID, d.Status)
	}
	merged, err := mergeMetadata(s.Metadata, metadata)
	if err != nil {
		return err
	}
	s.Metadata, s.UpdatedAt, d.UpdatedAt = merged, now, now
	return nil
}

// LogSeverity is the severity of one line of a stage's log. The numbers are
// those of the wire.
type LogSeverity int32

// The severities.
const (
	LogInfo    LogSeverity = 0
	LogSuccess LogSeverity = 1
	LogError   LogSeverity = 2
)

// LogBlock is one entry of a stage's log. Index orders the entries and names
// one of them: the same index again is the same entry.
type LogBlock struct {
	Index     int64
	Log       string
	Severity  LogSeverity
	CreatedAt time.Time
}
