package config

import (
	"strings"
	"time"
)

// ECSApp is the spec of a document of kind ECSApp, the app.pipecd.yaml of an
// application on Amazon ECS.
type ECSApp struct {
	// Name, Labels and Description replace those of the registered application
	// when they are given.
	Name        string            `yaml:"name,omitempty"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Description string            `yaml:"description,omitempty"`
	// Planner chooses between quick sync and the pipeline.
	Planner       Planner       `yaml:"planner,omitempty"`
	CommitMatcher CommitMatcher `yaml:"commitMatcher,omitempty"`
	// Pipeline is nil when the file has none; every deployment is a quick sync then.
	Pipeline *Pipeline `yaml:"pipeline,omitempty"`
	Trigger  Trigger   `yaml:"trigger,omitempty"`
	PostSync *PostSync `yaml:"postSync,omitempty"`
	// Timeout limits a whole deployment. Defaults to 6h.
	Timeout   Duration  `yaml:"timeout,omitempty"`
	QuickSync QuickSync `yaml:"quickSync,omitempty"`
	Input     ECSInput  `yaml:"input,omitempty"`

	Encryption     *Encryption       `yaml:"encryption,omitempty"`
	Attachment     *Attachment       `yaml:"attachment,omitempty"`
	Notification   *AppNotification  `yaml:"notification,omitempty"`
	EventWatcher   []AppEventWatcher `yaml:"eventWatcher,omitempty"`
	DriftDetection *DriftDetection   `yaml:"driftDetection,omitempty"`
	Plugins        any               `yaml:"plugins,omitempty"`
	EnvName        string            `yaml:"envName,omitempty"`       // of v0.34, ignored
	TriggerPaths   []string          `yaml:"triggerPaths,omitempty"`  // of v0.34; after a load they are in Trigger.OnCommit.Paths
	SealedSecrets  []SealedSecret    `yaml:"sealedSecrets,omitempty"` // of v0.34
}

// Planner chooses between quick sync and the pipeline.
type Planner struct {
	// AlwaysUsePipeline uses the pipeline for the first deployment too. Defaults
	// to false.
	AlwaysUsePipeline bool `yaml:"alwaysUsePipeline,omitempty"`
	// AutoRollback is read, but for ECS Input.AutoRollback counts. Defaults to true.
	AutoRollback bool `yaml:"autoRollback"`
}

func (p *Planner) setDefaults() { p.AutoRollback = true }

// CommitMatcher holds regular expressions on commit messages that choose a
// strategy. They were never honoured for ECS.
type CommitMatcher struct {
	QuickSync string `yaml:"quickSync,omitempty"`
	Pipeline  string `yaml:"pipeline,omitempty"`
}

// Trigger says what starts a deployment.
type Trigger struct {
	OnCommit    OnCommit    `yaml:"onCommit,omitempty"`
	OnCommand   OnCommand   `yaml:"onCommand,omitempty"`
	OnOutOfSync OnOutOfSync `yaml:"onOutOfSync,omitempty"`
	OnChain     OnChain     `yaml:"onChain,omitempty"`
	// WhileDeploying is what becomes of a commit that comes while a deployment of the
	// application is under way. A SYNC by a person always waits. Defaults to QUEUE.
	WhileDeploying WhileDeploying `yaml:"whileDeploying,omitempty"`
}

// WhileDeploying is what becomes of a commit during a deployment.
type WhileDeploying string

// The policies.
const (
	// WhileDeployingQueue deploys it afterwards, each commit in its turn.
	WhileDeployingQueue WhileDeploying = "QUEUE"
	// WhileDeployingSupersede cancels what is under way, which is rolled back as after
	// any cancel, and what waits.
	WhileDeployingSupersede WhileDeploying = "SUPERSEDE"
	// WhileDeployingIgnore makes no deployment of it; when the one under way is over,
	// the branch's head is deployed.
	WhileDeployingIgnore WhileDeploying = "IGNORE"
)

func (WhileDeploying) allowed() []string {
	return []string{string(WhileDeployingQueue), string(WhileDeployingSupersede), string(WhileDeployingIgnore)}
}

// OnCommit is the trigger by a commit. A change that matches Ignores never
// triggers; one that matches Paths does, as does one in the application's
// directory. The patterns are like those of .dockerignore.
type OnCommit struct {
	Disabled bool     `yaml:"disabled,omitempty"` // defaults to false
	Paths    []string `yaml:"paths,omitempty"`
	Ignores  []string `yaml:"ignores,omitempty"`
}

// OnCommand is the trigger by a person's SYNC.
type OnCommand struct {
	Disabled bool `yaml:"disabled,omitempty"` // defaults to false
}

// OnOutOfSync is the trigger by a difference between Git and what runs.
type OnOutOfSync struct {
	Disabled  bool     `yaml:"disabled"`            // defaults to true
	MinWindow Duration `yaml:"minWindow,omitempty"` // since the last deployment ended; defaults to 5m
}

func (o *OnOutOfSync) setDefaults() { o.Disabled = true }

// OnChain is the trigger by a deployment chain.
type OnChain struct {
	Disabled bool `yaml:"disabled"` // defaults to true
}

func (o *OnChain) setDefaults() { o.Disabled = true }

// PostSync is what happens after a deployment.
type PostSync struct {
	Chain *Chain `yaml:"chain,omitempty"`
}

// Chain names the applications to deploy next.
type Chain struct {
	Applications []ChainMatcher `yaml:"applications"`
}

// ChainMatcher selects applications; at least one field is given.
type ChainMatcher struct {
	Name   string            `yaml:"name,omitempty"`
	Kind   string            `yaml:"kind,omitempty"`
	Labels map[string]string `yaml:"labels,omitempty"`
}

// QuickSync is how a quick sync is done.
type QuickSync struct {
	// Recreate stops every task of the running version before the new one starts,
	// for versions that must not run beside each other. Until the new version is
	// healthy nothing answers requests. A rollback does the same the other way round.
	// Defaults to false.
	Recreate bool `yaml:"recreate,omitempty"`
}

// DriftDetection restricts what counts as a difference between Git and what
// runs.
type DriftDetection struct {
	IgnoreFields []string `yaml:"ignoreFields,omitempty"` // apiVersion:kind:namespace:name#fieldPath
}

func (a *ECSApp) setDefaults() {
	a.Planner.setDefaults()
	a.Trigger.OnOutOfSync.setDefaults()
	a.Trigger.OnChain.setDefaults()
	a.Input.setDefaults()
}

func (a *ECSApp) finish(d *document) {
	d.durationDefault("spec.timeout", &a.Timeout, 6*time.Hour)
	d.durationDefault("spec.trigger.onOutOfSync.minWindow", &a.Trigger.OnOutOfSync.MinWindow, 5*time.Minute)
	if len(a.TriggerPaths) > 0 {
		d.Warnf("spec.triggerPaths", "the field has another name now").hintf("use spec.trigger.onCommit.paths")
		for i, p := range a.TriggerPaths {
			now := indexPath("spec.trigger.onCommit.paths", len(a.Trigger.OnCommit.Paths))
			d.seen[now] = d.seen[indexPath("spec.triggerPaths", i)]
			a.Trigger.OnCommit.Paths = append(a.Trigger.OnCommit.Paths, p)
		}
		a.TriggerPaths = nil
	}
	stringDefault(&a.Trigger.WhileDeploying, WhileDeployingQueue)
	a.Input.finish(d, "spec.input")
	if a.Pipeline != nil {
		a.Pipeline.finish(d, "spec.pipeline")
		a.Pipeline.walk(d, "spec.pipeline.stages")
		a.Pipeline.comparisons(d, "spec.pipeline.stages")
		a.Pipeline.walkBaseline(d, "spec.pipeline.stages")
		a.checkTargetGroups(d)
	}
	if a.PostSync != nil && a.PostSync.Chain != nil {
		a.PostSync.Chain.finish(d, "spec.postSync.chain")
	}
	a.finishFiles(d)
	if a.DriftDetection != nil {
		for i, f := range a.DriftDetection.IgnoreFields {
			if strings.Count(f, "#") != 1 {
				d.Errorf(indexPath("spec.driftDetection.ignoreFields", i),
					"expected apiVersion:kind:namespace:name#fieldPath with one #, found %s", quote(f))
			}
		}
	}
}

func (a *ECSApp) finishFiles(d *document) {
	if a.Encryption != nil {
		a.Encryption.finish(d, "spec.encryption")
	}
	if a.Attachment != nil {
		a.Attachment.finish(d, "spec.attachment")
	}
	if a.Notification != nil {
		a.Notification.finish(d, "spec.notification")
	}
	for i := range a.EventWatcher {
		a.EventWatcher[i].finish(d, indexPath("spec.eventWatcher", i))
	}
}

func (c *Chain) finish(d *document, path string) {
	if len(c.Applications) == 0 {
		d.Errorf(path+".applications", "expected at least one application, found none")
	}
	for i, m := range c.Applications {
		at := indexPath(path+".applications", i)
		if m.Name == "" && m.Kind == "" && len(m.Labels) == 0 {
			d.Errorf(at, "expected a name, a kind or labels, found none of them")
		}
		if m.Name == "" && m.Kind == "" && len(m.Labels) > 0 {
			d.Warnf(at, "a matcher with labels alone selects every application of the project").hintf("add name or kind")
		}
	}
}
