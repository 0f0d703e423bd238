// Package script holds SCRIPT_RUN: a shell script of the application's file runs
// beside the agent, in a private copy of the application's directory, and its
// other half, onRollback, runs when the deployment is rolled back.
//
// A script is not idempotent by nature and its effects cannot be looked for. Its
// intent is recorded before it starts and its end after it; when the agent died
// between the two, the script is run again, which the log says and SR_RESUMED
// tells the script. So a script must be written to be run twice.
//
// Read script.go first, then run.go.
package script
