package config

import (
	"time"
)

// ECSSyncOptions are the options of ECS_SYNC.
type ECSSyncOptions struct {
	Recreate bool `yaml:"recreate,omitempty"` // read; spec.quickSync.recreate counts
}

func (*ECSSyncOptions) finish(*document, string) {}

// CanaryRolloutOptions are the options of ECS_CANARY_ROLLOUT.
type CanaryRolloutOptions struct {
	// Scale is the canary's size in percent of the service's desired count, 1 to
	// 100. Not given it is 0, as it always was: no task is started.
	Scale Percent `yaml:"scale,omitempty"`
}

func (o *CanaryRolloutOptions) finish(d *document, path string) {
	at := path + ".scale"
	switch {
	case !d.has(at):
		d.Warnf(at, "no scale is given, which means 0%%, so the stage starts no task").
			hintf("write how large the canary is, in percent of the service's desired count, such as scale: 10")
	case o.Scale < 1 || o.Scale > 100:
		d.Errorf(at, "expected 1 to 100 percent of the service's desired count, found %d", int(o.Scale))
	}
}

// PrimaryRolloutOptions are the options of ECS_PRIMARY_ROLLOUT; it has none.
type PrimaryRolloutOptions struct{}

func (*PrimaryRolloutOptions) finish(*document, string) {}

// TrafficRouting are the options of ECS_TRAFFIC_ROUTING: the share of requests
// of each variant. nil means that a share is not given.
type TrafficRouting struct {
	Primary *Percent `yaml:"primary,omitempty"`
	Canary  *Percent `yaml:"canary,omitempty"`
}

// Weights returns the shares; they add up to 100. A primary above 0 counts
// first, then a canary above 0; otherwise all requests go to the primary.
func (t TrafficRouting) Weights() (primary, canary Percent) {
	const all = 100
	switch {
	case t.Primary != nil && *t.Primary > 0 && *t.Primary <= all:
		return *t.Primary, all - *t.Primary
	case t.Canary != nil && *t.Canary > 0 && *t.Canary <= all:
		return all - *t.Canary, *t.Canary
	default:
		return all, 0
	}
}

func (t *TrafficRouting) finish(d *document, path string) {
	checkRange(d, path+".primary", t.Primary)
	checkRange(d, path+".canary", t.Canary)
	if d.damaged[path] {
		return
	}
	primary, canary := t.Weights()
	switch {
	case t.Primary == nil && t.Canary == nil:
		d.Warnf(path, "neither primary nor canary is given, so all requests go to primary").hintf("write primary: 100")
	case t.Primary != nil && *t.Primary == 0 && canary == 0:
		d.Warnf(path+".primary", "0 does not move the requests to canary; all go to primary").
			hintf("write canary: 100, or primary: 100")
	case t.Primary != nil && t.Canary != nil && (*t.Primary != primary || *t.Canary != canary):
		d.Warnf(path, "primary %d and canary %d do not add up to 100; used are %d and %d", *t.Primary, *t.Canary, primary, canary).
			hintf("give one of them only")
	}
}

func checkRange(d *document, path string, p *Percent) {
	if p != nil && (*p < 0 || *p > 100) {
		d.Errorf(path, "expected 0 to 100 percent, found %d", int(*p))
	}
}

// CanaryCleanOptions are the options of ECS_CANARY_CLEAN; it has none.
type CanaryCleanOptions struct{}

func (*CanaryCleanOptions) finish(*document, string) {}

// BaselineRolloutOptions are the options of ECS_BASELINE_ROLLOUT.
type BaselineRolloutOptions struct {
	// Scale is the baseline's size in percent of the service's desired count, 1
	// to 100: the canary's, for a fair comparison.
	Scale Percent `yaml:"scale" config:"required"`
}

func (o *BaselineRolloutOptions) finish(d *document, path string) {
	if at := path + ".scale"; o.Scale < 0 || o.Scale > 100 {
		d.Errorf(at, "expected 1 to 100 percent of the service's desired count, found %d", int(o.Scale))
	}
}

// BaselineCleanOptions are the options of ECS_BASELINE_CLEAN; it has none.
type BaselineCleanOptions struct{}

func (*BaselineCleanOptions) finish(*document, string) {}

// SkipOn says for which commits a stage is skipped: those that either field fits.
// Both empty means for none.
type SkipOn struct {
	// CommitMessagePrefixes fit a commit whose message begins with one of them.
	CommitMessagePrefixes []string `yaml:"commitMessagePrefixes,omitempty"`
	// Paths fit when every file that changed since the version that runs matches
	// one of them. A first deployment, or one that changes no file, they never fit.
	Paths []string `yaml:"paths,omitempty"`
}

// IsZero reports whether no commit is skipped.
func (s SkipOn) IsZero() bool { return len(s.CommitMessagePrefixes)+len(s.Paths) == 0 }

// Skippable are the options of a stage that some commits skip.
type Skippable interface {
	StageOptions
	// Skip says for which.
	Skip() SkipOn
}

// WaitOptions are the options of WAIT.
type WaitOptions struct {
	Duration Duration `yaml:"duration,omitempty"` // defaults to 1m
	SkipOn   SkipOn   `yaml:"skipOn,omitempty"`
}

func (o *WaitOptions) finish(d *document, path string) {
	d.durationDefault(path+".duration", &o.Duration, time.Minute)
}

// WaitApprovalOptions are the options of WAIT_APPROVAL.
type WaitApprovalOptions struct {
	Timeout        Duration `yaml:"timeout,omitempty"`        // after it the stage fails; defaults to 6h
	Approvers      []string `yaml:"approvers,omitempty"`      // empty means anyone who may
	MinApproverNum int      `yaml:"minApproverNum,omitempty"` // defaults to 1
	SkipOn         SkipOn   `yaml:"skipOn,omitempty"`
}

func (o *WaitApprovalOptions) finish(d *document, path string) {
	const stageTimeout = 6 * time.Hour
	d.durationDefault(path+".timeout", &o.Timeout, stageTimeout)
	at := path + ".minApproverNum"
	if o.MinApproverNum == 0 {
		o.MinApproverNum = 1
		if d.has(at) {
			d.Warnf(at, "0 means the default, 1").hintf("remove the stage if nobody has to approve")
		}
	}
	if o.MinApproverNum < 1 {
		d.Errorf(at, "expected 1 or more, found %d", o.MinApproverNum)
	}
	if n := len(o.Approvers); n > 0 && o.MinApproverNum > n {
		d.Warnf(at, "%d approvals are needed, but only %d people may approve", o.MinApproverNum, n)
	}
}

// ScriptRunOptions are the options of SCRIPT_RUN. Where the piped file has
// scriptRun.disabled, a pipeline with the stage is refused.
type ScriptRunOptions struct {
	// Run is what /bin/sh runs, in a private copy of the application's directory.
	// It must be written to be run twice: one that an agent's end interrupted is run
	// again, with SR_RESUMED=true.
	Run string `yaml:"run,omitempty"`
	// Env are variables beside those that tell what the script runs for (SR_...).
	Env     map[string]string `yaml:"env,omitempty"`
	Timeout Duration          `yaml:"timeout,omitempty"` // of each of the two; defaults to 6h
	// OnRollback runs when the deployment is rolled back and Run had begun, after
	// the requests are back, the last stage's first.
	OnRollback string `yaml:"onRollback,omitempty"`
	SkipOn     SkipOn `yaml:"skipOn,omitempty"`
}

func (o *ScriptRunOptions) finish(d *document, path string) {
	d.durationDefault(path+".timeout", &o.Timeout, 6*time.Hour)
	if o.Run == "" {
		d.Warnf(path+".run", "the script is empty, so the stage does nothing")
	}
}

// CustomSyncOptions are the options of CUSTOM_SYNC.
type CustomSyncOptions struct {
	Run     string            `yaml:"run" config:"required"`
	Envs    map[string]string `yaml:"envs,omitempty"`
	Timeout Duration          `yaml:"timeout,omitempty"` // defaults to 6h
}

func (o *CustomSyncOptions) finish(d *document, path string) {
	d.durationDefault(path+".timeout", &o.Timeout, 6*time.Hour)
}

// Skip implements Skippable.
func (o *WaitOptions) Skip() SkipOn { return o.SkipOn }

// Skip implements Skippable.
func (o *WaitApprovalOptions) Skip() SkipOn { return o.SkipOn }

// Skip implements Skippable.
func (o *AnalysisOptions) Skip() SkipOn { return o.SkipOn }

// Skip implements Skippable.
func (o *ScriptRunOptions) Skip() SkipOn { return o.SkipOn }
