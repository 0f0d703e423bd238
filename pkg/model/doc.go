// Package model holds the nouns of the product and their rules: projects,
// agents (pipeds), applications, deployments with their stages, commands,
// stage logs, leases; their status machines; and the vocabulary of errors.
//
// Read deployment.go first: a deployment is what everything else is about.
// The package imports nothing of ours and does no I/O. Rules are methods that
// change a value in memory or refuse with a coded error; the datastore runs
// them inside one transaction, so a rule is never a race.
//
// Values are plain data: copy with Clone before sharing across goroutines.
// Times are UTC with microsecond precision at most (what the stores keep).
package model
