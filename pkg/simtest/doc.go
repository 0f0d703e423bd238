// Package simtest runs the whole product in one testing/synctest bubble: the
// agent with its engine, stages and the AWS SDK, the control plane behind gRPC,
// SQLite, the simulated cloud, and Git. Time is virtual, so a deployment of ten
// minutes takes milliseconds; what goes wrong on the way is drawn from a seed.
//
// The package holds tests only; nothing can import it.
package simtest
