package quickstart

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
	"pipecd/pkg/simcloud/elb"
)

// scenario is one unattended run: a first deployment of v1, then the release it
// is about.
type scenario struct {
	name    string
	release release
	literal bool // gate with the guide's literal query
	judge   func(result) []string
}

// scenarios are what --scenario takes.
func scenarios() []scenario {
	return []scenario{
		{name: "canary", release: release{version: "v2"}, judge: judgeCanary},
		{name: "bad-release", release: release{version: "v2", fault: "errors", rate: 60}, judge: judgeBadRelease},
		{name: "broken-target", release: release{version: "v2", fault: "drop", rate: 60}, literal: true, judge: judgeBrokenTarget},
	}
}

// Names returns the names of the scenarios.
func Names() []string {
	all := scenarios()
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.name
	}
	return names
}

// result is what a scenario prints as its last line.
type result struct {
	Scenario   string           `json:"scenario"`
	Deployment deploymentResult `json:"deployment"`
	Stages     []stageResult    `json:"stages"`
	Traffic    trafficResult    `json:"traffic"`
	Listener   listenerResult   `json:"listener"`
	TaskSets   int              `json:"task_sets"`
	PrimarySet primaryResult    `json:"primary_task_set"`
	Version    string           `json:"version"` // that answers after the deployment

	after       map[string]uint64 // answers by version after the deployment
	deployments int               // that were made in all
}

type deploymentResult struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	// Seconds is how long the deployment took by the control plane's record, as
	// people are told it; FromPush counts from before the push of the release.
	Seconds  float64 `json:"seconds"`
	FromPush float64 `json:"from_push_seconds"`
}

type stageResult struct {
	Name   string `json:"name"`
	Status string `json:"status"`
}

type trafficResult struct {
	Requests  uint64            `json:"requests"`
	AppErrors uint64            `json:"app_errors"`
	LBErrors  balancerErrors    `json:"lb_errors"`
	ByVersion map[string]uint64 `json:"by_version"`
}

type balancerErrors struct {
	Routing uint64 `json:"routing"`
	Target  uint64 `json:"target"`
}

type listenerResult struct {
	Primary int `json:"primary"`
	Canary  int `json:"canary"`
}

type primaryResult struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

const (
	firstLimit  = 40 * time.Second
	secondLimit = 3 * time.Minute // with the agent killed in between
	// settleTime is how long the end state is watched.
	settleTime = time.Second
)

// run runs the scenario and returns what it saw.
func (s scenario) run(ctx context.Context, w *world) (result, error) {
	first, err := w.deployment(ctx, "", firstLimit)
	if err != nil {
		return result{}, fmt.Errorf("the first deployment: %w", err)
	}
	if first.GetStatus() != modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS {
		return result{}, fmt.Errorf("the first deployment ended as %s: %s", status(first), first.GetStatusReason())
	}
	before := w.cloudState()
	w.cloud.resetCounts()
	began := time.Now()
	if err := w.release(ctx, s.release); err != nil {
		return result{}, err
	}
	w.sayf("… releasing %s%s", s.release.version, s.release.describe())
	if w.onRelease != nil {
		w.onRelease()
	}
	second, err := w.deployment(ctx, first.GetId(), secondLimit)
	if err != nil {
		return result{}, fmt.Errorf("the deployment of %s: %w", s.release.version, err)
	}
	took := time.Since(began)
	w.tellCalls(began)
	return w.measure(ctx, s.name, before, second, took)
}

func (r release) describe() string {
	switch r.fault {
	case "errors":
		return fmt.Sprintf(", which answers %d%% of its requests with an error", r.rate)
	case "drop":
		return fmt.Sprintf(", which hangs up on %d%% of its requests", r.rate)
	default:
		return ""
	}
}

// deployment waits for the deployment that came after the one with the id,
// telling its progress, and returns it completed.
func (w *world) deployment(ctx context.Context, after string, limit time.Duration) (*modelpb.Deployment, error) {
	var found *modelpb.Deployment
	err := w.until(ctx, limit, "the deployment is completed (see "+w.dir+"/piped.log)", func(ctx context.Context) (_ bool, err error) {
		if found == nil {
			list, err := w.deployments(ctx, recent)
			if err != nil {
				return false, err
			}
			if found = next(list, after); found == nil {
				return false, nil
			}
		}
		got, err := w.client.GetDeployment(ctx, &webv1.GetDeploymentRequest{DeploymentId: found.GetId()})
		if err != nil {
			return false, err
		}
		found = got.GetDeployment()
		w.tell(found)
		return completed(found), nil
	})
	return found, err
}

// next returns, of deployments with the newest first, the one after that with
// the id, or the first of all; nil if there is none yet.
func next(newestFirst []*modelpb.Deployment, after string) *modelpb.Deployment {
	var found *modelpb.Deployment
	for _, d := range newestFirst {
		if d.GetId() == after {
			break
		}
		found = d
	}
	return found
}

// cloudState is what the cloud itself shows.
type cloudState struct {
	sets    int
	primary string
	weights listenerResult
}

func (w *world) cloudState() cloudState {
	var out cloudState
	for _, service := range w.cloud.ECS.Snapshot().Services {
		for _, set := range service.TaskSets {
			out.sets++
			if set.Status == "PRIMARY" {
				out.primary = set.ARN
			}
		}
	}
	for _, balancer := range w.cloud.ELB.Snapshot().LoadBalancers {
		for _, listener := range balancer.Listeners {
			for _, rule := range listener.Rules {
				for _, group := range rule.Weights {
					if group.ARN == w.cloud.primaryARN() {
						out.weights.Primary = group.Weight
					} else if group.ARN == w.cloud.canaryARN() {
						out.weights.Canary = group.Weight
					}
				}
			}
		}
	}
	return out
}

// measure takes the numbers of the deployment, and then watches who answers.
func (w *world) measure(ctx context.Context, name string, before cloudState, d *modelpb.Deployment, took time.Duration) (result, error) {
	during := w.cloud.Traffic().Snapshot()
	w.cloud.Traffic().Reset()
	timer := time.NewTimer(settleTime)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return result{}, context.Cause(ctx)
	case <-timer.C:
	}
	after, state := w.cloud.Traffic().Snapshot(), w.cloudState()
	errorsByCause := w.cloud.ELB.Snapshot().Errors
	r := result{
		Scenario:   name,
		Deployment: deploymentResult{ID: d.GetId(), Status: status(d), Seconds: duration(d).Seconds(), FromPush: took.Round(time.Millisecond).Seconds()},
		Traffic: trafficResult{
			Requests:  during.Requests,
			AppErrors: during.ApplicationError,
			LBErrors:  balancerErrors{Routing: errorsByCause[elb.CauseRouting], Target: errorsByCause[elb.CauseTarget]},
			ByVersion: map[string]uint64{"v1": 0, "v2": 0},
		},
		Listener:   state.weights,
		TaskSets:   state.sets,
		PrimarySet: primaryResult{Before: before.primary, After: state.primary},
		Version:    soleVersion(after.ByVersion),
		after:      after.ByVersion,
	}
	all, err := w.deployments(ctx, recent)
	if err != nil {
		return result{}, err
	}
	r.deployments = len(all)
	for version, n := range during.ByVersion {
		r.Traffic.ByVersion[version] = n + during.ErrorsByVersion[version]
	}
	for _, s := range d.GetStages() {
		if model.StageStatus(s.GetStatus()) != model.StageNotStarted {
			r.Stages = append(r.Stages, stageResult{Name: s.GetName(), Status: stageStatus(s)})
		}
	}
	return r, nil
}

// soleVersion is the one version that answers, or all of them.
func soleVersion(byVersion map[string]uint64) string {
	var versions []string
	for v, n := range byVersion {
		if n > 0 {
			versions = append(versions, v)
		}
	}
	slices.Sort(versions)
	return strings.Join(versions, "+")
}

// broken gathers what did not hold.
type broken []string

func (b *broken) unlessf(ok bool, format string, args ...any) {
	if !ok {
		*b = append(*b, fmt.Sprintf(format, args...))
	}
}

func (r result) stage(name string) string {
	for _, s := range r.Stages {
		if s.Name == name {
			return s.Status
		}
	}
	return ""
}

// judgeEnd checks what every scenario promises about its end.
func judgeEnd(r result, version string) broken {
	var b broken
	b.unlessf(r.Traffic.LBErrors.Routing == 0, "%d requests were dropped by a move of ours", r.Traffic.LBErrors.Routing)
	b.unlessf(r.deployments == 2, "%d deployments were made, not 2", r.deployments) // of v1 and of v2
	b.unlessf(r.TaskSets == 1, "%d task sets are left, not 1", r.TaskSets)
	b.unlessf(r.Listener == listenerResult{Primary: 100, Canary: 0}, "the listener ends at %d/%d, not 100/0", r.Listener.Primary, r.Listener.Canary) // percent
	b.unlessf(r.Version == version, "after the deployment %q answers, not %s", r.Version, version)
	return b
}

func judgeCanary(r result) []string {
	b := judgeEnd(r, "v2")
	b.unlessf(r.Deployment.Status == "SUCCESS", "the deployment ended as %s", r.Deployment.Status)
	b.unlessf(r.Traffic.ByVersion["v1"] > 0 && r.Traffic.ByVersion["v2"] > 0, "not both versions answered: %v", r.Traffic.ByVersion)
	return b
}

func judgeRolledBack(r result) broken {
	b := judgeEnd(r, "v1")
	b.unlessf(r.Deployment.Status == "FAILURE", "the deployment ended as %s", r.Deployment.Status)
	b.unlessf(r.stage("ANALYSIS") == "FAILURE", "ANALYSIS ended as %q", r.stage("ANALYSIS"))
	b.unlessf(r.stage("ROLLBACK") == "SUCCESS", "ROLLBACK ended as %q", r.stage("ROLLBACK"))
	b.unlessf(r.PrimarySet.Before == r.PrimarySet.After, "the primary task set was replaced")
	return b
}

func judgeBadRelease(r result) []string {
	b := judgeRolledBack(r)
	b.unlessf(r.Traffic.AppErrors > 0, "the bad version never answered with an error")
	return b
}

func judgeBrokenTarget(r result) []string {
	b := judgeRolledBack(r)
	b.unlessf(r.Traffic.LBErrors.Target > 0, "the broken version never hung up")
	return b
}

// line is the result as one line of JSON.
func (r result) line() (string, error) {
	data, err := json.Marshal(r)
	return string(data), err
}
