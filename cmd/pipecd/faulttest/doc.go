// Command faulttest takes away what the control plane stands on, one thing after
// the other, while agents report and a person works: replicas are killed, MariaDB
// is restarted, killed and frozen, MinIO goes away, a replica's clock is wrong, a
// disk is full. It starts all of it itself, on free loopback ports.
//
// Every write that was acknowledged is remembered and looked for afterwards; what
// is there must have been asked for, once; everybody must go on by themselves; and
// no process may act once a newer one of the same agent did.
//
//	make test-faults
//	go run ./cmd/pipecd/faulttest -only=kill,mariadb-frozen -seed=1
//
// The agents speak the real wire with the agent's own client, and reach any
// replica that listens, as through a load balancer. The last line is
// `faults=n lost=0 doubled=0`, and only then the exit code is 0.
package main
