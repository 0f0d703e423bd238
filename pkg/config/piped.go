package config

import (
	"strings"
	"time"
)

// Piped is the spec of a document of kind Piped: what the agent is told at its
// start.
type Piped struct {
	ProjectID string `yaml:"projectID" config:"required"`
	PipedID   string `yaml:"pipedID" config:"required"`
	// PipedKeyFile names a file with the agent's key, surrounding white space
	// trimmed; PipedKeyData is the key in base64. Exactly one is given.
	PipedKeyFile string `yaml:"pipedKeyFile,omitempty" config:"secretfile"`
	PipedKeyData Secret `yaml:"pipedKeyData,omitempty"`
	// Name is replaced at the start by the name the control plane has.
	Name string `yaml:"name,omitempty"`
	// APIAddress is the control plane's host:port.
	APIAddress string `yaml:"apiAddress" config:"required"`
	// WebAddress is the base of links. Defaults to what the control plane says.
	WebAddress string `yaml:"webAddress,omitempty"`
	// SyncInterval is how often Git is looked at. Defaults to 1m.
	SyncInterval Duration `yaml:"syncInterval,omitempty"`
	// AppConfigSyncInterval is how often repositories are searched for
	// application files. Defaults to 1m.
	AppConfigSyncInterval Duration         `yaml:"appConfigSyncInterval,omitempty"`
	Git                   Git              `yaml:"git,omitempty"`
	Repositories          []Repository     `yaml:"repositories,omitempty"`
	ChartRepositories     []ChartRepo      `yaml:"chartRepositories,omitempty"`
	ChartRegistries       []ChartRegistry  `yaml:"chartRegistries,omitempty"`
	PlatformProviders     []PlatformConfig `yaml:"platformProviders,omitempty"`
	// CloudProviders is the earlier name of PlatformProviders. After a load it is
	// empty: its items are appended there.
	CloudProviders    []PlatformConfig   `yaml:"cloudProviders,omitempty"`
	AnalysisProviders []AnalysisProvider `yaml:"analysisProviders,omitempty"`
	Notifications     *Notifications     `yaml:"notifications,omitempty"`
	SecretManagement  *SecretManagement  `yaml:"secretManagement,omitempty"`
	EventWatcher      *PipedEventWatcher `yaml:"eventWatcher,omitempty"`
	PlanPreview       *PlanPreview       `yaml:"planPreview,omitempty"`
	// ScriptRun is what applications may run beside the agent.
	ScriptRun ScriptRun `yaml:"scriptRun,omitempty"`
	// AppSelector restricts by labels which unregistered applications found in
	// Git are reported.
	AppSelector map[string]string `yaml:"appSelector,omitempty"`
}

// ScriptRun is about the stage SCRIPT_RUN: who can write to a repository can run
// programs as the agent.
type ScriptRun struct {
	// Disabled refuses every pipeline that has the stage, before anything of it is
	// done. Defaults to false.
	Disabled bool `yaml:"disabled,omitempty"`
	// PassEnvironment names variables of the agent's environment that scripts get,
	// such as AWS_REGION. Without it they get PATH, HOME, the language, the time zone
	// and proxies, and no credentials.
	PassEnvironment []string `yaml:"passEnvironment,omitempty"`
}

// PlanPreview is how plan previews are made.
type PlanPreview struct {
	WorkerNum              int      `yaml:"workerNum,omitempty"`
	CommandQueueBufferSize int      `yaml:"commandQueueBufferSize,omitempty"`
	CommandCheckInterval   Duration `yaml:"commandCheckInterval,omitempty"` // defaults to 5s
	CommandHandleTimeout   Duration `yaml:"commandHandleTimeout,omitempty"` // defaults to 5m
}

// PipedEventWatcher is how events are written to Git.
type PipedEventWatcher struct {
	CheckInterval Duration    `yaml:"checkInterval,omitempty"` // defaults to 1m
	GitRepos      []EventRepo `yaml:"gitRepos,omitempty"`
}

// EventRepo is one repository the event watcher handles.
type EventRepo struct {
	RepoID        string   `yaml:"repoId" config:"required"`
	CommitMessage string   `yaml:"commitMessage,omitempty"`
	Includes      []string `yaml:"includes,omitempty"`
	Excludes      []string `yaml:"excludes,omitempty"` // win over includes
}

// Platform returns the provider of that name and type.
func (p *Piped) Platform(name string, t PlatformType) (PlatformConfig, bool) {
	for _, c := range p.PlatformProviders {
		if c.Name == name && c.Type == t {
			return c, true
		}
	}
	return PlatformConfig{}, false
}

// AnalysisProvider returns the analysis provider of that name.
func (p *Piped) AnalysisProvider(name string) (AnalysisProvider, bool) {
	for _, c := range p.AnalysisProviders {
		if c.Name == name {
			return c, true
		}
	}
	return AnalysisProvider{}, false
}

// Repository returns the repository of that id.
func (p *Piped) Repository(id string) (Repository, bool) {
	for _, r := range p.Repositories {
		if r.RepoID == id {
			return r, true
		}
	}
	return Repository{}, false
}

// PlatformPath returns where the i-th of PlatformProviders stands in the
// document: those of cloudProviders came behind the others.
func (r *Report) PlatformPath(i int) string {
	own := 0
	if m, ok := r.seen["spec.platformProviders"]; ok {
		own = len(m.value.items)
	}
	if i < own {
		return indexPath("spec.platformProviders", i)
	}
	return indexPath("spec.cloudProviders", i-own)
}

func (p *Piped) finish(d *document) {
	d.identifier("spec.projectID", p.ProjectID)
	d.identifier("spec.pipedID", p.PipedID)
	d.exactlyOne("spec", "pipedKeyFile", "pipedKeyData")
	d.base64("spec.pipedKeyData", p.PipedKeyData)
	if strings.Contains(p.APIAddress, "://") {
		d.Errorf("spec.apiAddress", "expected host:port, found the URL %s", quote(p.APIAddress)).hintf("leave out the scheme")
	}
	if p.WebAddress != "" && !isWebURL(p.WebAddress) {
		d.Errorf("spec.webAddress", "expected a URL that begins with http:// or https://, found %s", quote(p.WebAddress))
	}
	d.durationDefault("spec.syncInterval", &p.SyncInterval, time.Minute)
	if p.SyncInterval.Std() < time.Second {
		d.Warnf("spec.syncInterval", "%s asks the Git host more often than it likes", p.SyncInterval).hintf("write 1s or more")
	}
	d.durationDefault("spec.appConfigSyncInterval", &p.AppConfigSyncInterval, time.Minute)
	p.Git.finish(d, "spec.git")
	p.finishRepositories(d)
	p.finishProviders(d)
	if p.Notifications != nil {
		p.Notifications.finish(d, "spec.notifications")
	}
	if p.EventWatcher != nil {
		p.EventWatcher.finish(d, "spec.eventWatcher")
	}
	if p.PlanPreview != nil {
		p.PlanPreview.finish(d, "spec.planPreview")
	}
}

func (p *Piped) finishRepositories(d *document) {
	ids := map[string]string{}
	for i := range p.Repositories {
		path := indexPath("spec.repositories", i)
		p.Repositories[i].finish(d, path)
		if id := p.Repositories[i].RepoID; id != "" {
			d.unique(ids, id, path+".repoId")
		}
	}
	for i := range p.ChartRepositories {
		p.ChartRepositories[i].finish(d, indexPath("spec.chartRepositories", i))
	}
	for i := range p.ChartRegistries {
		stringDefault(&p.ChartRegistries[i].Type, ChartRegistryOCI)
	}
}

func (p *Piped) finishProviders(d *document) {
	names := map[PlatformType]map[string]string{}
	for _, list := range []struct {
		path  string
		items []PlatformConfig
	}{{"spec.platformProviders", p.PlatformProviders}, {"spec.cloudProviders", p.CloudProviders}} {
		for i, c := range list.items {
			path := indexPath(list.path, i)
			c.finish(d, path)
			if names[c.Type] == nil {
				names[c.Type] = map[string]string{}
			}
			if c.Name != "" {
				d.unique(names[c.Type], c.Name, path+".name")
			}
		}
	}
	p.PlatformProviders = append(p.PlatformProviders, p.CloudProviders...)
	p.CloudProviders = nil
	analysis := map[string]string{}
	for i, a := range p.AnalysisProviders {
		path := indexPath("spec.analysisProviders", i)
		a.finish(d, path)
		if a.Name != "" {
			d.unique(analysis, a.Name, path+".name")
		}
	}
}

func (p *PlanPreview) finish(d *document, path string) {
	d.notNegative(path+".workerNum", p.WorkerNum)
	d.notNegative(path+".commandQueueBufferSize", p.CommandQueueBufferSize)
	d.durationDefault(path+".commandCheckInterval", &p.CommandCheckInterval, 5*time.Second)
	d.durationDefault(path+".commandHandleTimeout", &p.CommandHandleTimeout, 5*time.Minute)
}

func (e *PipedEventWatcher) finish(d *document, path string) {
	d.durationDefault(path+".checkInterval", &e.CheckInterval, time.Minute)
	ids := map[string]string{}
	for i, r := range e.GitRepos {
		if r.RepoID != "" {
			d.unique(ids, r.RepoID, indexPath(path+".gitRepos", i)+".repoId")
		}
	}
}
