package config

import (
	"net/url"
	"regexp"
	"time"
)

// ControlPlane is the spec of a document of kind ControlPlane: what the server
// is told at its start.
type ControlPlane struct {
	// Address is the external base URL, used in links and for single sign-on.
	Address string `yaml:"address,omitempty"`
	// StateKey signs the state of a single sign-on.
	StateKey Secret `yaml:"stateKey,omitempty"`
	// Datastore keeps the records. Defaults to SQLITE.
	Datastore Datastore `yaml:"datastore,omitempty"`
	// Filestore keeps logs and other blobs. Defaults to LOCAL.
	Filestore Filestore `yaml:"filestore,omitempty"`
	// Cache is the shared cache's settings.
	Cache Cache `yaml:"cache,omitempty"`
	// InsightCollector is when statistics are collected.
	InsightCollector InsightCollector `yaml:"insightCollector,omitempty"`
	// Webhook is how Git hosts tell of a push. Absent means they cannot.
	Webhook *Webhook `yaml:"webhook,omitempty"`
	// Projects exist only in this file; each has a static administrator.
	Projects []Project `yaml:"projects,omitempty"`
	// SharedSSOConfigs are single sign-on settings that projects may share.
	SharedSSOConfigs []SharedSSO `yaml:"sharedSSOConfigs,omitempty"`
}

// Webhook is how Git hosts tell of a push.
type Webhook struct {
	// SecretFile has the secrets that hosts sign with, one on each line.
	SecretFile string `yaml:"secretFile" config:"secretfile"`
}

// Project is a project that exists only in the configuration.
type Project struct {
	ID          string       `yaml:"id" config:"required"`
	Desc        string       `yaml:"desc,omitempty"`
	StaticAdmin *StaticAdmin `yaml:"staticAdmin,omitempty"`
}

// StaticAdmin is the administrator of a configured project.
type StaticAdmin struct {
	Username string `yaml:"username" config:"required"`
	// PasswordHash is a bcrypt hash.
	PasswordHash Secret `yaml:"passwordHash" config:"required"`
}

// Cache is how long the shared cache keeps things.
type Cache struct {
	TTL Duration `yaml:"ttl,omitempty"` // defaults to 5m
}

// InsightCollector is when statistics are collected.
type InsightCollector struct {
	Application InsightApplication `yaml:"application,omitempty"`
	Deployment  InsightDeployment  `yaml:"deployment,omitempty"`
}

// InsightApplication is the collection about applications.
type InsightApplication struct {
	Enabled  bool   `yaml:"enabled"`            // defaults to true
	Schedule string `yaml:"schedule,omitempty"` // cron in UTC; defaults to "0 * * * *"
}

func (i *InsightApplication) setDefaults() { i.Enabled = true }

// InsightDeployment is the collection about deployments.
type InsightDeployment struct {
	Enabled       bool     `yaml:"enabled"`                 // defaults to true
	Schedule      string   `yaml:"schedule,omitempty"`      // cron in UTC; defaults to "30 * * * *"
	ChunkMaxCount int      `yaml:"chunkMaxCount,omitempty"` // defaults to 1000
	Retries       int      `yaml:"retries,omitempty"`       // of v0.34
	RetryInterval Duration `yaml:"retryInterval,omitempty"` // of v0.34
}

func (i *InsightDeployment) setDefaults() { i.Enabled = true }

func (cp *ControlPlane) finish(d *document) {
	cp.Datastore.finish(d, "spec.datastore")
	cp.Filestore.finish(d, "spec.filestore")
	if cp.Address != "" && !isWebURL(cp.Address) {
		d.Errorf("spec.address", "expected a URL that begins with http:// or https://, found %s", quote(cp.Address))
	}
	d.durationDefault("spec.cache.ttl", &cp.Cache.TTL, 5*time.Minute)
	cp.InsightCollector.finish(d)
	if cp.Webhook != nil && !d.has("spec.webhook.secretFile") {
		d.Errorf("spec.webhook.secretFile", "is required").hintf("name a file with one secret on each line; openssl rand -hex 32 makes one")
	}
	cp.finishProjects(d)
	names := map[string]string{}
	for i := range cp.SharedSSOConfigs {
		path := indexPath("spec.sharedSSOConfigs", i)
		cp.SharedSSOConfigs[i].finish(d, path)
		d.unique(names, cp.SharedSSOConfigs[i].Name, path+".name")
	}
}

func (i *InsightCollector) finish(d *document) {
	// A collector that is not mentioned has its defaults too.
	if !d.has("spec.insightCollector.application") {
		i.Application.setDefaults()
	}
	if !d.has("spec.insightCollector.deployment") {
		i.Deployment.setDefaults()
	}
	stringDefault(&i.Application.Schedule, "0 * * * *")
	stringDefault(&i.Deployment.Schedule, "30 * * * *")
	if i.Deployment.ChunkMaxCount == 0 {
		i.Deployment.ChunkMaxCount = 1000
	}
	d.notNegative("spec.insightCollector.deployment.chunkMaxCount", i.Deployment.ChunkMaxCount)
	d.notNegative("spec.insightCollector.deployment.retries", i.Deployment.Retries)
}

// bcryptHash is the usual text form: version, cost, 22 characters of salt and 31
// of hash.
var bcryptHash = regexp.MustCompile(`^\$2[abxy]?\$\d{2}\$[./A-Za-z0-9]{53}$`)

func (cp *ControlPlane) finishProjects(d *document) {
	ids := map[string]string{}
	for i, p := range cp.Projects {
		path := indexPath("spec.projects", i)
		d.identifier(path+".id", p.ID)
		if p.ID != "" {
			d.unique(ids, p.ID, path+".id")
		}
		if p.StaticAdmin == nil {
			d.Warnf(path, "the project has no staticAdmin, so nobody can log in to it")
			continue
		}
		if hash := p.StaticAdmin.PasswordHash; hash != "" && !bcryptHash.MatchString(hash.Reveal()) {
			d.Errorf(path+".staticAdmin.passwordHash", "expected a bcrypt hash, found something else").
				hintf("make one with: pipecd hash-password")
		}
	}
}

func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
