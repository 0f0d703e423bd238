// Package simtest runs the whole product in one testing/synctest bubble: the
// agent with its engine, its stages and the AWS SDK, the control plane behind
// gRPC, SQLite, the simulated cloud, and Git. Time is virtual, so a deployment of
// ten minutes takes a tenth of a second. What goes wrong on the way is drawn from
// a seed.
//
//	people ──HTTP──┐
//	agent ──gRPC──▶ control plane ──▶ SQLite, blobs      network_test.go, plane_test.go, stores_test.go
//	  │ │
//	  │ └─▶ Git                                          repository_test.go
//	  └─AWS SDK──▶ wires ──▶ simcloud ──▶ tasks          agents_test.go, wire_test.go, cloud_test.go, tasks_test.go
//	                 │           │
//	             schedule      watch                     faults_test.go, watch_test.go
//
// A [scenario] (scenario_test.go) is a pipeline, the state of the cluster before
// it, and what goes wrong; draw_test.go draws one from a seed, and run_test.go runs
// it: make the state before, push a commit, start the agent, wait for the end,
// judge. Faults of calls are a function of the seed, of who calls, what, and how
// often before; what happened is recorded and printed with a violation.
// Goroutines that wake at one instant run in any order, so a seed repeats itself
// nearly always, not always.
//
// The promises are judged in two places. watch_test.go is told of every instant at
// which a weight, a target or its health changes: a group that gets requests must
// have a healthy target, unless a failure was injected a moment ago. oracle_test.go
// looks at the end: wholly the new version or wholly the state before, nothing left
// behind, what belongs to others untouched, each effect once, faults of calls fail
// no deployment, and the record says what happened.
//
// A kill (agents_test.go) cuts everything the process could reach, then lets its
// goroutines end; a new process with the same id starts a little later. crash_test.go
// kills the agent before and after each call of each course that a deployment can
// take. A wait that asks again and again is one place in that course.
//
//	make sim SEEDS=1000           # seeds 1 to 1000, and every crash
//	make sim SEED=87              # one seed, with what happened if it fails
//	bin/simtest -seed=87 -seeds=10 -same -crashes=none   # does it fail each time?
//	bin/simtest -seed=87 -seeds=1 -crashes=none -logs    # what agent and control plane say
//	bin/simtest -test.run=Replay -replay=report.txt      # what a report says, and nothing else
//	make sim-mutants              # is every promise really judged?
//
// The package holds tests only, so nothing can import it. Command mutants beside
// it replaces a text of the product per mutant; a change of such a text changes the
// table there, too.
package simtest
