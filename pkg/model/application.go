package model

import (
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// ApplicationKind is the platform of an application. The numbers are those of
// the wire; only ECS can be deployed.
type ApplicationKind int32

// The kinds the wire knows.
const (
	KindKubernetes ApplicationKind = 0
	KindTerraform  ApplicationKind = 1
	KindLambda     ApplicationKind = 3
	KindCloudRun   ApplicationKind = 4
	KindECS        ApplicationKind = 5
)

// String returns the name as it stands in configuration, or UNKNOWN.
func (k ApplicationKind) String() string {
	switch k {
	case KindKubernetes:
		return "KUBERNETES"
	case KindTerraform:
		return "TERRAFORM"
	case KindLambda:
		return "LAMBDA"
	case KindCloudRun:
		return "CLOUDRUN"
	case KindECS:
		return "ECS"
	default:
		return unknownName
	}
}

// unknownName is the name of a number that no constant has.
const unknownName = "UNKNOWN"

// GitRepository is a repository as an agent's configuration names it.
type GitRepository struct {
	ID     string
	Remote string
	Branch string
}

// GitPath says where an application lives in Git.
type GitPath struct {
	Repo           GitRepository
	Path           string // directory relative to the repository's root; the root is "./"
	ConfigFilename string
	URL            string // page of the directory on the Git host, may be empty
}

// DefaultConfigFilename is used when an application names none.
const DefaultConfigFilename = "app.pipecd.yaml"

// CleanGitPath returns p as it is stored: relative, without dot segments, and
// "./" for the repository's root (which may be written as "", "." or "./"); a
// name of one character gets "./" in front.
// A path that leaves the repository is refused.
func CleanGitPath(p string) (string, error) {
	if strings.ContainsRune(p, 0) || strings.Contains(p, `\`) || len(p) > 4*MaxNameLength {
		return "", Errorf(CodeInvalid, "application directory %q is not a path inside the repository", p)
	}
	clean := path.Clean(p)
	switch {
	case p == "" || clean == ".":
		return "./", nil
	case path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../"):
		return "", Errorf(CodeInvalid, "application directory %q must be relative to the repository's root and stay inside it", p)
	}
	if len(clean) == 1 {
		// The wire's rule asks for two characters.
		return "./" + clean, nil
	}
	return clean, nil
}

// Dir returns the application's directory for use with io/fs: "." for the root.
func (g GitPath) Dir() string { return path.Clean(g.Path) }

// ConfigPath returns the configuration file's path for use with io/fs.
func (g GitPath) ConfigPath() string {
	name := g.ConfigFilename
	if name == "" {
		name = DefaultConfigFilename
	}
	return path.Join(g.Dir(), name)
}

// Application is one deployable service, described by a file in Git and owned by
// one agent.
type Application struct {
	ID               string
	Name             string
	ProjectID        string
	PipedID          string
	Kind             ApplicationKind
	GitPath          GitPath
	PlatformProvider string
	DeployTargets    map[string][]string // names of targets by plugin; of agents that have plugins
	Description      string
	Labels           map[string]string
	LastSuccessful   *DeploymentRef // most recently successful deployment
	LastTriggered    *DeploymentRef // most recently triggered deployment
	SyncState        SyncState
	Deploying        bool
	Disabled         bool
	Deleted          bool
	DeletedAt        time.Time
	CreatedAt        time.Time
	UpdatedAt        time.Time
}

// SyncState is an application's relation to Git, with the reason in words.
type SyncState struct {
	Status           SyncStatus
	ShortReason      string
	Reason           string
	HeadDeploymentID string
	Timestamp        time.Time
}

// DeploymentRef is what an application remembers of a deployment.
type DeploymentRef struct {
	DeploymentID   string
	Trigger        DeploymentTrigger
	Summary        string
	Version        string // deprecated on the wire, still read by old agents
	Versions       []ArtifactVersion
	ConfigFilename string
	StartedAt      time.Time
	CompletedAt    time.Time
}

// SyncedState is how what runs compares with Git once the deployment has
// succeeded, and why.
func (r *DeploymentRef) SyncedState() (SyncStatus, string) {
	const digits = 7
	if head := r.Trigger.OverriddenCommit; r.Trigger.RolledBackTo != "" && head != r.Trigger.Commit.Hash {
		return SyncOutOfSync, "Rolled back to " + r.Version + ", so commit " + head[:min(digits, len(head))] + " waits for the next deployment"
	}
	return SyncSynced, "Deployed " + r.Version
}

// Clone returns a copy that shares nothing with a.
func (a *Application) Clone() *Application {
	c := *a
	c.Labels = maps.Clone(a.Labels)
	c.DeployTargets = cloneTargets(a.DeployTargets)
	c.LastSuccessful = a.LastSuccessful.clone()
	c.LastTriggered = a.LastTriggered.clone()
	return &c
}

func cloneTargets(targets map[string][]string) map[string][]string {
	c := maps.Clone(targets)
	for plugin, names := range c {
		c[plugin] = slices.Clone(names)
	}
	return c
}

func (r *DeploymentRef) clone() *DeploymentRef {
	if r == nil {
		return nil
	}
	c := *r
	c.Versions = slices.Clone(r.Versions)
	return &c
}

// DisplayStatus is what people are shown: DEPLOYING while a deployment runs,
// the reported state otherwise.
func (a *Application) DisplayStatus() SyncStatus {
	if a.Deploying {
		return SyncDeploying
	}
	return a.SyncState.Status
}

// Validate checks what a person typed when adding the application and
// normalises the directory and the configuration file's name.
func (a *Application) Validate() error {
	for _, f := range []struct{ what, value string }{
		{"the application's name", a.Name},
		{"the piped", a.PipedID},
		{"the platform provider", a.PlatformProvider},
		{"the repository", a.GitPath.Repo.ID},
	} {
		if err := ValidateName(f.what, f.value); err != nil {
			return err
		}
	}
	if a.Kind != KindECS {
		return Errorf(CodeInvalid, "applications of kind %s are not supported; ECS is", a.Kind)
	}
	if len(a.Description) > MaxDescriptionLength {
		return Errorf(CodeInvalid, "the description is %d bytes long; at most %d are kept", len(a.Description), MaxDescriptionLength)
	}
	return a.GitPath.clean()
}

// clean normalises the directory and the configuration file's name.
func (g *GitPath) clean() error {
	dir, err := CleanGitPath(g.Path)
	if err != nil {
		return err
	}
	g.Path = dir
	if g.ConfigFilename == "" {
		g.ConfigFilename = DefaultConfigFilename
	}
	if strings.ContainsAny(g.ConfigFilename, "/\\\x00") || g.ConfigFilename == "." || g.ConfigFilename == ".." {
		return Errorf(CodeInvalid, "the configuration file name %q must be a plain file name such as %s", g.ConfigFilename, DefaultConfigFilename)
	}
	return nil
}
