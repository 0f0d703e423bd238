package model

import (
	"maps"
	"slices"
	"time"
)

// Commit is one commit of a repository.
type Commit struct {
	Hash        string
	Message     string
	Author      string
	Branch      string
	PullRequest int64 // 0 when unknown
	URL         string
	CreatedAt   time.Time
}

// DeploymentTrigger says why a deployment exists.
type DeploymentTrigger struct {
	Commit          Commit
	Commander       string // who asked, empty for a commit
	Timestamp       time.Time
	SyncStrategy    SyncStrategy
	StrategySummary string

	// Set by a deployment that goes back to what an earlier one brought out, an
	// override of the branch until the next deployment.
	RolledBackTo     string // the earlier deployment
	OverriddenCommit string // the branch's head that is not brought out meanwhile
}

// Considered is the commit of the branch that was looked at when the deployment
// was asked for: what comes after it asks for the next.
func (t DeploymentTrigger) Considered() string {
	if t.OverriddenCommit != "" {
		return t.OverriddenCommit
	}
	return t.Commit.Hash
}

// ArtifactKind is what kind of thing a version is of. The numbers are those of
// the wire.
type ArtifactKind int32

// The artifact kinds ECS applications have.
const (
	ArtifactUnknown        ArtifactKind = 0
	ArtifactContainerImage ArtifactKind = 1
)

// ArtifactVersion is one version a deployment brings out, e.g. an image tag.
type ArtifactVersion struct {
	Kind    ArtifactKind
	Version string
	Name    string
	URL     string
}

// Deployment is one run that brings a commit of an application out.
type Deployment struct {
	ID                    string
	ApplicationID         string
	ApplicationName       string
	PipedID               string
	ProjectID             string
	Kind                  ApplicationKind
	GitPath               GitPath
	PlatformProvider      string
	DeployTargets         map[string][]string // names of targets by plugin; of agents that have plugins
	Labels                map[string]string
	Trigger               DeploymentTrigger
	Summary               string
	Versions              []ArtifactVersion
	RunningCommitHash     string // commit that ran before; empty for the first deployment
	RunningConfigFilename string
	Status                DeploymentStatus
	StatusReason          string
	Stages                []Stage
	Metadata              map[string]string            // shared between the stages
	PluginMetadata        map[string]map[string]string // by plugin; of agents that have plugins
	ChainID               string                       // deployment chain it is part of; empty for none
	ChainBlock            uint32                       // index of its block in the chain
	TraceCommitHash       string                       // commit of the source code it came from; may be empty
	CompletedAt           time.Time                    // zero until completed
	CreatedAt             time.Time
	UpdatedAt             time.Time
}

// Version returns the version of the first artifact, "unknown" without one.
func (d *Deployment) Version() string {
	if len(d.Versions) == 0 || d.Versions[0].Version == "" {
		return "unknown"
	}
	return d.Versions[0].Version
}

// Stage returns the stage with the id, nil when there is none.
func (d *Deployment) Stage(id string) *Stage {
	i := slices.IndexFunc(d.Stages, func(s Stage) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return &d.Stages[i]
}

// Clone returns a copy that shares nothing with d.
func (d *Deployment) Clone() *Deployment {
	c := *d
	c.Labels = maps.Clone(d.Labels)
	c.Metadata = maps.Clone(d.Metadata)
	c.PluginMetadata = maps.Clone(d.PluginMetadata)
	for plugin, metadata := range c.PluginMetadata {
		c.PluginMetadata[plugin] = maps.Clone(metadata)
	}
	c.DeployTargets = cloneTargets(d.DeployTargets)
	c.Versions = slices.Clone(d.Versions)
	c.Stages = slices.Clone(d.Stages)
	for i := range c.Stages {
		c.Stages[i] = c.Stages[i].Clone()
	}
	return &c
}

// Ref returns what the application remembers of the deployment.
func (d *Deployment) Ref() DeploymentRef {
	return DeploymentRef{
		DeploymentID:   d.ID,
		Trigger:        d.Trigger,
		Summary:        d.Summary,
		Version:        d.Version(),
		Versions:       slices.Clone(d.Versions),
		ConfigFilename: d.GitPath.ConfigFilename,
		StartedAt:      d.CreatedAt,
		CompletedAt:    d.CompletedAt,
	}
}

// become moves the deployment to next, or refuses an illegal step.
func (d *Deployment) become(next DeploymentStatus, reason string, now time.Time) error {
	if !d.Status.CanBecome(next) {
		return Errorf(CodeFailedPrecondition, "deployment %s is %s and cannot become %s", d.ID, d.Status, next)
	}
	d.Status, d.UpdatedAt = next, now
	if reason != "" {
		d.StatusReason = reason
	}
	return nil
}

// Plan is what the planner decided.
type Plan struct {
	Summary               string
	StatusReason          string
	RunningCommitHash     string
	RunningConfigFilename string
	Versions              []ArtifactVersion
	Strategy              SyncStrategy
	Stages                []Stage
}

// ReportPlanned records the plan. Repeating it before the deployment runs
// replaces the plan; afterwards it is refused.
func (d *Deployment) ReportPlanned(p Plan, now time.Time) error {
	if err := d.become(DeploymentPlanned, p.StatusReason, now); err != nil {
		return err
	}
	d.Summary = p.Summary
	d.RunningCommitHash = p.RunningCommitHash
	d.RunningConfigFilename = p.RunningConfigFilename
	d.Versions = slices.Clone(p.Versions)
	if p.Strategy != StrategyAuto {
		d.Trigger.SyncStrategy = p.Strategy
	}
	d.Stages = slices.Clone(p.Stages)
	return nil
}

// ReportStatus records RUNNING or ROLLING_BACK.
func (d *Deployment) ReportStatus(next DeploymentStatus, reason string, now time.Time) error {
	if next != DeploymentRunning && next != DeploymentRollingBack {
		return Errorf(CodeInvalid, "status %s is not one that is reported as changed; RUNNING and ROLLING_BACK are", next)
	}
	return d.become(next, reason, now)
}

// Completion is how a deployment ended.
type Completion struct {
	Status        DeploymentStatus
	Reason        string
	StageStatuses map[string]StageStatus // by stage id; stages left out keep theirs
	CompletedAt   time.Time
}

// ReportCompleted records the end. Repeating the same end changes nothing;
// another end is refused.
func (d *Deployment) ReportCompleted(c Completion, now time.Time) error {
	if !c.Status.IsCompleted() {
		return Errorf(CodeInvalid, "status %s does not complete a deployment", c.Status)
	}
	if d.Status == c.Status {
		return nil
	}
	if err := d.become(c.Status, c.Reason, now); err != nil {
		return err
	}
	d.CompletedAt = c.CompletedAt
	for id, status := range c.StageStatuses {
		if s := d.Stage(id); s != nil && s.Status.CanBecome(status) {
			s.Status, s.UpdatedAt = status, now
			if status.IsCompleted() && s.CompletedAt.IsZero() {
				s.CompletedAt = c.CompletedAt
			}
		}
	}
	return nil
}

// MaxPlugins is how many plugins may keep metadata with one deployment.
const MaxPlugins = 50

// MergePluginMetadata sets the keys given of one plugin and keeps the others.
func (d *Deployment) MergePluginMetadata(plugin string, metadata map[string]string, now time.Time) error {
	if err := ValidateName("the plugin", plugin); err != nil {
		return err
	}
	merged, err := mergeMetadata(d.PluginMetadata[plugin], metadata)
	if err != nil {
		return err
	}
	all := make(map[string]map[string]string, len(d.PluginMetadata)+1)
	maps.Copy(all, d.PluginMetadata)
	all[plugin] = merged
	if len(all) > MaxPlugins {
		return Errorf(CodeExhausted, "deployment %s has metadata of %d plugins; no more are kept", d.ID, MaxPlugins)
	}
	d.PluginMetadata, d.UpdatedAt = all, now
	return nil
}

// MergeMetadata sets the keys given and keeps the others.
func (d *Deployment) MergeMetadata(metadata map[string]string, now time.Time) error {
	merged, err := mergeMetadata(d.Metadata, metadata)
	if err != nil {
		return err
	}
	d.Metadata, d.UpdatedAt = merged, now
	return nil
}

func mergeMetadata(into, add map[string]string) (map[string]string, error) {
	merged := make(map[string]string, len(into)+len(add))
	maps.Copy(merged, into)
	maps.Copy(merged, add)
	size := 0
	for k, v := range merged {
		size += len(k) + len(v)
	}
	if size > MaxMetadataSize {
		return nil, Errorf(CodeExhausted, "metadata would be %d bytes; at most %d are kept", size, MaxMetadataSize)
	}
	return merged, nil
}

// Validate checks a deployment before it is stored for the first time.
func (d *Deployment) Validate() error {
	for _, f := range []struct{ what, value string }{
		{"the deployment's id", d.ID},
		{"the deployment's application", d.ApplicationID},
		{"the deployment's application name", d.ApplicationName},
		{"the deployment's piped", d.PipedID},
		{"the deployment's project", d.ProjectID},
		{"the deployment's commit", d.Trigger.Commit.Hash},
	} {
		if err := ValidateName(f.what, f.value); err != nil {
			return err
		}
	}
	if d.Status != DeploymentPending {
		return Errorf(CodeInvalid, "a new deployment must be PENDING, not %s", d.Status)
	}
	return nil
}
