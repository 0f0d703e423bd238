// Package quickstart shows the main job on real traffic, on one machine, with no
// cloud account: the control plane, the simulated cloud and a sample Git
// repository run in this process, the agent in one of its own.
//
// sample.go holds the files a user would write, repository.go commits them,
// cloud.go is the world they describe, agent.go the agent's process, world.go
// puts them together in the folder of directory.go; surroundings.go is the world
// without control plane and agent. scenario.go runs the unattended
// scenarios and judges them; interactive.go is the tour for a person, and teller.go
// what both say about a deployment.
//
// Everything listens on loopback and is gone when the command ends, also when it
// is killed: on Linux the kernel ends the agent too (tie_linux.go), elsewhere the
// lock of a named folder finds one that was left behind (lock_unix.go).
package quickstart
