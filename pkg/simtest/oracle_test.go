package simtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/model"
)

// judge looks at what is left when the deployment is over.
func (w *world) judge(d *model.Deployment) {
	if d == nil || !d.Status.IsCompleted() {
		w.violate("ends", "the deployment did not end: %v", d)
		return
	}
	now := w.look()
	switch d.Status {
	case model.DeploymentSuccess:
		w.wantNew(now)
	default:
		w.wantOld(now, d)
	}
	w.wantStrangers(now)
	w.wantOutcome(d)
	w.wantRecord(d)
	w.wantOnce()
	if now.Others != w.before.Others {
		w.violate("foreign", "what belongs to others has changed from %s to %s", w.before.Others, now.Others)
	}
}

// wantStrangers wants the sets of other hands to be there still.
func (w *world) wantStrangers(now picture) {
	n := 0
	for _, s := range now.Sets {
		if w.strange(s) {
			n++
		}
	}
	if n != int(w.strangers.Load()) {
		w.violate("foreign", "%d sets of other hands are there, and there were %d", n, w.strangers.Load())
	}
}

// wantNew wants the new version, whole and alone.
func (w *world) wantNew(now picture) {
	if now.Service == nil {
		w.violate("whole", "the deployment succeeded and there is no service")
		return
	}
	for _, s := range now.Sets {
		version, tags := w.versionOf(s), s.Tags
		switch {
		case w.strange(s):
			continue
		case tagIn(tags, "pipecd-dev-managed-by") == "":
			w.violate("leftovers", "a set without our tags is there still: %s", describe(s, version))
		case aws.ToString(s.Status) != "PRIMARY":
			w.violate("leftovers", "a set is left behind: %s", describe(s, version))
		case version != "v2", s.Scale.Value != 100, s.StabilityStatus != types.StabilityStatusSteadyState && !w.watch.recent():
			w.violate("whole", "the primary set is not wholly the new version: %s", describe(s, version))
		}
		for _, key := range []string{"managed-by", "piped", "application", "commit-hash", "deployment", "role", "step"} {
			if tagIn(tags, "pipecd-dev-"+key) == "" {
				w.violate("tags", "set %s has no tag %s", short(aws.ToString(s.TaskSetArn)), key)
			}
		}
	}
	if len(now.Sets) == int(w.strangers.Load()) {
		w.violate("whole", "the deployment succeeded and the service has no set")
	}
	w.wantAllToPrimary(now)
}

func (w *world) wantAllToPrimary(now picture) {
	if w.scenario.Meddling.Kind == movesRequests {
		return // where requests go is not ours alone to say any more
	}
	for arn, r := range now.Rules {
		before, known := w.before.Rules[arn]
		if !known {
			w.violate("rules", "there is a new rule: %s", text(r))
			continue
		}
		for _, t := range sharesOf(r.Actions) {
			isBlue := aws.ToString(t.TargetGroupArn) == w.cloud.ELB.TargetGroupARN("blue")
			if isBlue != (aws.ToInt32(t.Weight) > 0) && w.scenario.balanced() {
				w.violate("rules", "the requests do not all go to the primary: %s", text(r))
			}
		}
		if !w.scenario.balanced() && text(r) != text(before) {
			w.violate("rules", "the rules of an application without load balancer have changed")
		}
	}
}

// wantOld wants the state before the deployment.
func (w *world) wantOld(now picture, d *model.Deployment) {
	if w.scenario.Before == nothing {
		if now.Service != nil && w.strangers.Load() == 0 {
			w.violate("whole", "a first deployment failed and its service is left: %s with %d sets", aws.ToString(now.Service.Status), len(now.Sets))
		}
	} else {
		w.wantSetsBefore(now)
	}
	if w.scenario.Meddling.Kind == movesRequests {
		return
	}
	for arn, r := range now.Rules {
		before := w.before.Rules[arn]
		if text(r) == text(before) || w.scenario.Before == leftShare && w.allToPrimary(now) {
			continue
		}
		w.violate("rules", "after %s a rule is not what it was: %s, was %s", d.Status, text(r.Actions), text(before.Actions))
	}
}

func (w *world) allToPrimary(now picture) bool {
	for _, r := range now.Rules {
		for _, t := range sharesOf(r.Actions) {
			if (aws.ToString(t.TargetGroupArn) == w.cloud.ELB.TargetGroupARN("blue")) != (aws.ToInt32(t.Weight) > 0) {
				return false
			}
		}
	}
	return true
}

// wantSetsBefore wants the sets before, the primary one perhaps rebuilt. What an
// earlier deployment of ours left may be swept.
func (w *world) wantSetsBefore(now picture) {
	if now.Service == nil {
		w.violate("whole", "the service is gone")
		return
	}
	if now.Service.DesiredCount != w.before.Service.DesiredCount && w.scenario.Meddling.Kind != scalesService || text(sortedTags(now.Service.Tags)) != text(sortedTags(w.before.Service.Tags)) {
		w.violate("whole", "the service's settings are not what they were: %s, were %s", text(now.Service.Tags), text(w.before.Service.Tags))
	}
	key := func(s types.TaskSet) string {
		group := ""
		if len(s.LoadBalancers) > 0 {
			group = aws.ToString(s.LoadBalancers[0].TargetGroupArn)
		}
		return fmt.Sprint(aws.ToString(s.Status), aws.ToString(s.TaskDefinition), s.Scale.Value, group)
	}
	have := map[string]int{}
	for _, s := range now.Sets {
		have[key(s)]++
	}
	for _, s := range w.before.Sets {
		if have[key(s)] > 0 {
			have[key(s)]--
			continue
		}
		if aws.ToString(s.Status) == "PRIMARY" || w.scenario.Before == stranger {
			w.violate("whole", "a set of before is not back: %s", describe(s, w.versionOf(s)))
		}
	}
	for _, s := range now.Sets {
		if have[key(s)] > 0 && !w.strange(s) && (aws.ToString(s.Status) != "DRAINING" || tagIn(s.Tags, "pipecd-dev-deployment") != earlierDeployment) {
			w.violate("leftovers", "a set is left behind: %s", describe(s, w.versionOf(s)))
		}
	}
}

func sortedTags(tags []types.Tag) []types.Tag {
	tags = slices.Clone(tags)
	slices.SortFunc(tags, func(a, b types.Tag) int { return strings.Compare(aws.ToString(a.Key), aws.ToString(b.Key)) })
	return tags
}

// wantOutcome wants a deployment to fail only for a reason, and then to fail.
func (w *world) wantOutcome(d *model.Deployment) {
	sc := w.scenario
	mayFail := sc.Release != "" || sc.Cancel > 0 || sc.Fates != nil || sc.Strike > 0 || sc.Shape == hasty || sc.Meddling.Kind != ""
	if d.Status != model.DeploymentSuccess && !mayFail {
		w.violate("outcome", "the deployment ended with %s although nothing but calls went wrong: %s", d.Status, d.StatusReason)
	}
	broken := sc.Release == "missing" || sc.Release == "unhealthy" && sc.balanced() || sc.Release == "errors" && sc.Before != nothing
	if d.Status == model.DeploymentSuccess && sc.Shape == hasty {
		w.violate("outcome", "a canary was removed that got requests")
	}
	if d.Status == model.DeploymentSuccess && broken {
		w.violate("outcome", "a release that does not work (%s) was brought out", sc.Release)
	}
}

// wantRecord wants the record to tell what happened.
func (w *world) wantRecord(d *model.Deployment) {
	if d.StatusReason == "" || d.CompletedAt.IsZero() {
		w.violate("record", "the deployment does not say why or when it ended")
	}
	var failed, cancelled int
	for _, s := range d.Stages {
		switch {
		case s.Rollback:
			undone := s.Status == model.StageSuccess
			if d.Status == model.DeploymentSuccess && s.Status != model.StageNotStarted || d.Status != model.DeploymentSuccess && !undone {
				w.violate("record", "the deployment is %s and its rollback %s: %s", d.Status, s.Status, s.StatusReason)
			}
		case !s.Status.IsCompleted():
			w.violate("record", "stage %s of an ended deployment is %s", s.Name, s.Status)
		case s.Status == model.StageFailure:
			failed++
		case s.Status == model.StageCancelled:
			cancelled++
		case d.Status == model.DeploymentSuccess && s.Status != model.StageSuccess && s.Status != model.StageSkipped:
			w.violate("record", "the deployment succeeded and stage %s is %s", s.Name, s.Status)
		}
	}
	if d.Status == model.DeploymentFailure && failed == 0 {
		w.violate("record", "the deployment failed (%s) and no stage did", d.StatusReason)
	}
	if d.Status == model.DeploymentCancelled && cancelled == 0 && len(d.Stages) > 0 {
		w.violate("record", "the deployment was cancelled and no stage was")
	}
	app, err := w.plane.store.GetApplication(w.ctx, appID)
	if err != nil {
		w.t.Fatal(err)
	}
	if app.Deploying {
		w.violate("record", "the application is shown as deploying after its deployment ended")
	}
	if d.Status == model.DeploymentSuccess && (app.LastSuccessful == nil || app.LastSuccessful.DeploymentID != d.ID) {
		w.violate("record", "the application does not remember its successful deployment")
	}
}

// wantOnce wants each effect to have happened once.
func (w *world) wantOnce() {
	w.effects.mu.Lock()
	defer w.effects.mu.Unlock()
	for step, sets := range w.effects.sets {
		if len(sets) > 1 {
			w.violate("once", "step %s created %d sets", step, len(sets))
		}
	}
	if len(w.effects.definitions) > 1 {
		w.violate("once", "%d revisions were registered", len(w.effects.definitions))
	}
}

// versionOf returns the image tag that a set runs.
func (w *world) versionOf(s types.TaskSet) string {
	for _, svc := range w.cloud.ECS.Snapshot().Services {
		for _, set := range svc.TaskSets {
			if set.ARN == aws.ToString(s.TaskSetArn) {
				return set.Version
			}
		}
	}
	return "?"
}

func describe(s types.TaskSet, version string) string {
	return fmt.Sprintf("%s %s %s scale %v, %d of %d tasks, %s, role %s", short(aws.ToString(s.TaskSetArn)), version, aws.ToString(s.Status),
		s.Scale.Value, s.RunningCount, s.ComputedDesiredCount, s.StabilityStatus, tagIn(s.Tags, "pipecd-dev-role"))
}
