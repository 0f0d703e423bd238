package model

import (
	"slices"
	"time"
)

// Piped is an agent: a process next to the infrastructure that holds all
// credentials and acts on the control plane's behalf.
type Piped struct {
	ID                string
	Name              string
	Description       string
	ProjectID         string
	Keys              []PipedKey // newest first, at most MaxPipedKeys
	Version           string
	StartedAt         time.Time // zero until it reported once
	LastSeenAt        time.Time // last heartbeat or report; zero until then
	Repositories      []GitRepository
	PlatformProviders []Provider
	Plugins           []Plugin // of agents that have plugins instead of platform providers
	Config            string   // masked YAML as the agent reported it
	Encryption        SecretEncryption
	DesiredVersion    string // version a person wants it to be of; empty for any
	Disabled          bool
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// MaxPipedKeys is how many keys are valid at once: the current one and, while a
// rotation is under way, the one before.
const MaxPipedKeys = 2

// PipedOnlineWindow is how long after its last sign of life an agent counts as
// online.
const PipedOnlineWindow = 45 * time.Second

// PipedKey is one key of an agent, as stored: never the key itself.
type PipedKey struct {
	Hash      string // "sha256$" and the lower-case hex digest of the key
	Creator   string
	CreatedAt time.Time
}

// AddKey makes k the newest key. CodeFailedPrecondition when there are as many
// as may be valid at once.
func (p *Piped) AddKey(k PipedKey) error {
	if len(p.Keys) >= MaxPipedKeys {
		return Errorf(CodeFailedPrecondition,
			"piped %q has %d keys already; let it use the newest, delete the old ones, and add another then", p.Name, len(p.Keys))
	}
	p.Keys = slices.Insert(p.Keys, 0, k)
	return nil
}

// DeleteOldKeys leaves the newest key only.
func (p *Piped) DeleteOldKeys() {
	if len(p.Keys) > 1 {
		p.Keys = p.Keys[:1]
	}
}

// Provider names a platform provider of an agent.
type Provider struct {
	Name string
	Type string // e.g. "ECS"
}

// Plugin names a plugin of an agent and what it can deploy to.
type Plugin struct {
	Name          string
	DeployTargets []string
}

// SecretEncryption is how secrets are encrypted for an agent.
type SecretEncryption struct {
	Type           string // KEY_PAIR, GCP_KMS, AWS_KMS, NONE or ""
	PublicKey      string
	ServiceAccount string // of the key services
}

// PipedMeta is what an agent reports about itself when it starts.
type PipedMeta struct {
	Version           string
	Config            string
	Repositories      []GitRepository
	PlatformProviders []Provider
	Plugins           []Plugin
	Encryption        SecretEncryption
}

// ReportMeta records what the agent said about itself at now.
func (p *Piped) ReportMeta(meta PipedMeta, now time.Time) {
	p.Version = meta.Version
	p.Config = meta.Config
	p.Repositories = slices.Clone(meta.Repositories)
	p.PlatformProviders = slices.Clone(meta.PlatformProviders)
	p.Plugins = slices.Clone(meta.Plugins)
	for i := range p.Plugins {
		p.Plugins[i].DeployTargets = slices.Clone(p.Plugins[i].DeployTargets)
	}
	p.Encryption = meta.Encryption
	p.StartedAt, p.LastSeenAt, p.UpdatedAt = now, now, now
}

// Repository returns the agent's repository with the id.
func (p *Piped) Repository(id string) (GitRepository, bool) {
	i := slices.IndexFunc(p.Repositories, func(r GitRepository) bool { return r.ID == id })
	if i < 0 {
		return GitRepository{}, false
	}
	return p.Repositories[i], true
}

// Online reports whether the agent gave a sign of life recently.
func (p *Piped) Online(now time.Time) bool {
	return !p.LastSeenAt.IsZero() && now.Sub(p.LastSeenAt) <= PipedOnlineWindow
}

// Lease is the right of one process to act for an agent id. Two processes
// started with the same id get different epochs, and writes that carry an older
// epoch are refused with CodeFenced.
type Lease struct {
	PipedID    string
	Epoch      int64  // grows with every grant to another instance, never repeats
	InstanceID string // the process that holds it
	Host       string // where that process says it runs
	ExpiresAt  time.Time
}

// Fence is what a write of an agent carries so that a superseded process cannot
// act. A zero Epoch means the agent knows no lease (PipeCD's own agent).
type Fence struct {
	PipedID string
	Epoch   int64
}
