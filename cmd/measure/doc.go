// Package measure has what the benchmarks of our programs have in common: they
// run the real programs as processes, sample times, and print tables in which
// every target stands beside what was measured.
package measure
