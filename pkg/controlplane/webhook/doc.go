// Package webhook answers Git hosts that tell of a push, so that agents look at
// the repository at once and not only when their interval is over.
//
//	host ──POST──▶ is it signed? ──▶ which repository and branch? ──▶ agents that follow it look
//
// A delivery carries no authority: all it can lead to is that an agent asks its
// own remote for the head, as it does anyway. That is why one secret serves for
// the whole control plane, why a repeat is harmless, and why a delivery that is
// lost costs no more than the interval. It is told through the hub to the agents
// that are connected, whichever process holds their stream, and kept nowhere.
//
// secret.go decides whether a delivery is genuine, event.go what it says,
// repository.go when two addresses are the same repository, handler.go answers.
package webhook
