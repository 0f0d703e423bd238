package task

import "context"

// Spec is what a task needs to run.
type Spec struct {
	// ID is the task's id, the last part of its ARN.
	ID string
	// Image is the image of the container that listens, with its tag.
	Image string
	// Environment is the container's environment.
	Environment map[string]string
}

// Exit is the end of a task that ended by itself.
type Exit struct{ Code int }

// Instance is a running task.
type Instance interface {
	// Addr is host:port of the task's server.
	Addr() string
	// Exited delivers one value if the task ends by itself. It delivers nothing
	// after Stop.
	Exited() <-chan Exit
	// Stop ends the task and returns when nothing of it runs any more. It may
	// be called more than once and after an exit.
	Stop()
}

// Runner starts tasks. It must be safe for concurrent use.
type Runner interface {
	// Start returns when the task serves its address. ctx bounds the start
	// only.
	Start(ctx context.Context, spec Spec) (Instance, error)
}
