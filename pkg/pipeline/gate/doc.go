// Package gate holds the stages that let a deployment go on or not: WAIT (time),
// WAIT_APPROVAL (people) and ANALYSIS (measurements).
//
// effect.go stores what people asked before it is answered, record.go the
// progress of an analysis, and samples.go reports every check to be drawn.
//
// What must survive a restart is kept with the stage: when it began, who
// approved, and how far each metric's analysis has come. A restarted agent goes
// on where the last one was; it never starts a wait or an analysis over.
package gate
