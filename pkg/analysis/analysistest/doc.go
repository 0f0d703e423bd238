// Package analysistest holds the duties of an analysis.Provider as tests. Every
// adapter runs them against a far end that speaks its service's protocol; see
// Run and World.
package analysistest
