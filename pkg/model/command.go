package model

import (
	"maps"
	"time"
)

// CommandType is what a command asks an agent to do. The numbers are those of
// the wire.
type CommandType int32

// The commands that can be issued.
const (
	CommandSyncApplication  CommandType = 0
	CommandCancelDeployment CommandType = 2
	CommandApproveStage     CommandType = 3
	CommandChainSync        CommandType = 5 // issued for the later blocks of a deployment chain
	CommandSkipStage        CommandType = 6
	CommandRestartPiped     CommandType = 7
	CommandRollBack         CommandType = 100 // our own
)

// String returns the wire's name, or UNKNOWN.
func (t CommandType) String() string {
	switch t {
	case CommandSyncApplication:
		return "SYNC_APPLICATION"
	case CommandCancelDeployment:
		return "CANCEL_DEPLOYMENT"
	case CommandApproveStage:
		return "APPROVE_STAGE"
	case CommandChainSync:
		return "CHAIN_SYNC_APPLICATION"
	case CommandSkipStage:
		return "SKIP_STAGE"
	case CommandRestartPiped:
		return "RESTART_PIPED"
	case CommandRollBack:
		return "ROLL_BACK_APPLICATION"
	default:
		return unknownName
	}
}

// CommandStatus is where a command is. The numbers are those of the wire.
type CommandStatus int32

// The statuses of a command. All but the first are final.
const (
	CommandNotHandled CommandStatus = 0
	CommandSucceeded  CommandStatus = 1
	CommandFailed     CommandStatus = 2
	CommandTimeout    CommandStatus = 3
)

// String returns NOT_HANDLED_YET, SUCCEEDED, FAILED, TIMEOUT or UNKNOWN.
func (s CommandStatus) String() string {
	switch s {
	case CommandNotHandled:
		return "NOT_HANDLED_YET"
	case CommandSucceeded:
		return "SUCCEEDED"
	case CommandFailed:
		return "FAILED"
	case CommandTimeout:
		return "TIMEOUT"
	default:
		return unknownName
	}
}

// RollbackChoice is what a cancelled deployment does with what it did.
type RollbackChoice int32

// The choices.
const (
	RollbackAsConfigured RollbackChoice = 0 // as the application's file says
	RollbackAlways       RollbackChoice = 1
	RollbackNever        RollbackChoice = 2
)

// Keys of a command's metadata when it was handled.
const (
	// CommandMetadataDeploymentID is set by a handled SYNC_APPLICATION and ROLL_BACK_APPLICATION.
	CommandMetadataDeploymentID = "TriggeredDeploymentID"
	// CommandMetadataReason says in words why a command failed.
	CommandMetadataReason = "Reason"
)

// Command is something a person asked an agent to do.
type Command struct {
	ID            string
	PipedID       string
	ProjectID     string
	ApplicationID string
	DeploymentID  string // ROLL_BACK_APPLICATION: the earlier one
	StageID       string
	Commander     string
	Type          CommandType
	SyncStrategy  SyncStrategy   // SYNC_APPLICATION, CHAIN_SYNC_APPLICATION, ROLL_BACK_APPLICATION
	ChainID       string         // CHAIN_SYNC_APPLICATION
	ChainBlock    uint32         // CHAIN_SYNC_APPLICATION: index of the block
	Rollback      RollbackChoice // CANCEL_DEPLOYMENT
	Status        CommandStatus
	Metadata      map[string]string
	HandledAt     time.Time
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Clone returns a copy that shares nothing with c.
func (c *Command) Clone() *Command {
	d := *c
	d.Metadata = maps.Clone(c.Metadata)
	return &d
}

// Handled is the agent's answer to a command.
type Handled struct {
	Status   CommandStatus
	Metadata map[string]string
	At       time.Time
}

// ReportHandled records the answer. The first answer stands: the same status
// again changes nothing, another one is refused.
func (c *Command) ReportHandled(h Handled, now time.Time) error {
	if h.Status == CommandNotHandled || h.Status > CommandTimeout || h.Status < 0 {
		return Errorf(CodeInvalid, "status %s does not answer a command", h.Status)
	}
	if c.Status == h.Status {
		return nil
	}
	if c.Status != CommandNotHandled {
		return Errorf(CodeFailedPrecondition, "command %s was already answered with %s", c.ID, c.Status)
	}
	c.Status = h.Status
	c.Metadata = maps.Clone(h.Metadata)
	c.HandledAt, c.UpdatedAt = h.At, now
	return nil
}
