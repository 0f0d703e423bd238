package model

import (
	"strings"

	"github.com/google/uuid"
)

// idSpace is the name space of every id we derive; itself the UUIDv5 of a name in
// the URL name space, so that it can be recomputed.
func idSpace() uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://pipecd.dev/ids")) }

// derive returns the UUIDv5 of the parts. A separator that no part contains
// keeps ("a","bc") and ("ab","c") apart.
func derive(parts ...string) string {
	return uuid.NewSHA1(idSpace(), []byte(strings.Join(parts, "\x00"))).String()
}

// NewID returns a random id.
func NewID() string { return uuid.NewString() }

// DeploymentIDForCommand is the id of the deployment a command asks for: the
// same command twice is the same deployment.
func DeploymentIDForCommand(applicationID, commandID string) string {
	return derive("deployment", applicationID, "command", commandID)
}

// DeploymentIDForCommit is the id of the deployment a commit asks for. The
// previous deployment is part of it, so that a commit that comes back after
// another one was deployed is deployed again.
func DeploymentIDForCommit(applicationID, commitHash, previousDeploymentID string) string {
	return derive("deployment", applicationID, "commit", commitHash, previousDeploymentID)
}

// StepToken is the idempotency token of one step's side effect. It is the same
// in every attempt and after every restart.
func StepToken(deploymentID, stageID, step string) string {
	return derive("step", deploymentID, stageID, step)
}
