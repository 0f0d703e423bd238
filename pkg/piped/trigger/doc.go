// Package trigger decides which applications of a repository a new head asks to
// deploy, and creates their deployments.
//
// One index per repository: the changed paths between the last head that was
// looked at and the new one are computed once and matched against all
// applications by walking up each path's directories, so the work grows with
// the change, not with the number of applications. index.go is that index and
// is pure, pattern.go the path patterns, repository.go watches one repository.
//
// No state is kept on disk. After a restart an application is compared from the
// commit of its last triggered deployment, which the control plane knows, so a
// commit that came while the agent was away is found again.
package trigger
