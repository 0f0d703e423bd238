package ecs

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// Restore brings the recorded rules back to what they were and returns when they
// read so. A rule that exists no more is left alone.
func (t *traffic) Restore(ctx context.Context, b platform.Baseline, log platform.Log) (found string, err error) {
	before, err := recorded(b)
	if err != nil || len(before) == 0 {
		return "", err
	}
	r, err := t.discover(ctx)
	if err != nil {
		return "", err
	}
	var foreign []string
	shown := true
	for _, x := range before {
		live, exists := r.rule(x.RuleArn)
		if !exists {
			log.Infof("%s does not exist any more and is left alone", x)
			continue
		}
		if sameActions(live.Actions, x.Actions) {
			continue
		}
		if !sameButShares(live.Actions, x.Actions) && !sameButShares(live.Actions, r.extended(x)) {
			foreign = append(foreign, x.String())
			log.Errorf("Someone else changed the %s during the deployment, which cannot be told apart from what the deployment did: it was %s", x, describeActions(live.Actions))
		}
		log.Infof("%s is brought back to what it was", x)
		one, err := t.write(ctx, x, x.Actions)
		if err != nil {
			return "", err
		}
		shown = shown && one
	}
	if len(foreign) > 0 {
		found = fmt.Sprintf("someone else changed the %s during the deployment; it is as before again", strings.Join(foreign, " and the "))
	}
	if shown {
		return found, nil
	}
	return found, t.readBack(ctx, "the listener rules read as before the deployment", func(now routing) bool { return now.shows(before) })
}

// shows reports whether the rules that still exist are as before.
func (r routing) shows(before []rule) bool {
	for _, x := range before {
		if live, exists := r.rule(x.RuleArn); exists && !sameActions(live.Actions, x.Actions) {
			return false
		}
	}
	return true
}

func (r routing) rule(arn string) (rule, bool) {
	for _, x := range r.rules {
		if x.RuleArn == arn {
			return x, true
		}
	}
	return rule{}, false
}

// recorded returns the rules as they were before the deployment.
func recorded(b platform.Baseline) ([]rule, error) {
	if len(b.Routing) == 0 {
		return nil, nil
	}
	var before []rule
	err := json.Unmarshal(b.Routing, &before)
	return before, model.Wrap(model.CodeInternal, err, "reading the recorded listener rules")
}

// reattach makes recorded rules that somebody else pointed elsewhere forward to
// both groups again, and requests flow as they do: a group that no rule names is
// not checked, so that its tasks could not become healthy.
func (t *traffic) reattach(ctx context.Context, r routing, b platform.Baseline, log platform.Log) (routing, error) {
	before, err := recorded(b)
	if err != nil {
		return r, err
	}
	written := false
	for _, x := range before {
		live, exists := r.rule(x.RuleArn)
		if !exists || r.both(live) {
			continue
		}
		w := platform.Weights{Primary: 100, Canary: 0} // percent
		if r.sendsToCanary(live) {
			w = platform.Weights{Primary: 0, Canary: 100}
		}
		log.Infof("%s forwards to both target groups again, for now %d%% to primary and %d%% to canary", x, w.Primary, w.Canary)
		x.Actions = r.extended(x)
		if _, err := t.write(ctx, x, r.weighted(x, w)); err != nil {
			return r, err
		}
		written = true
	}
	if !written {
		return r, nil
	}
	return t.settled(ctx)
}

// sendsToCanary reports whether the rule sends requests to a canary group and
// none to a primary one.
func (r routing) sendsToCanary(x rule) bool {
	toCanary := false
	for _, a := range x.Actions {
		shares := sharesOf(a)
		for _, p := range r.pairs {
			if shares[p.primary] > 0 {
				return false
			}
			toCanary = toCanary || shares[p.canary] > 0
		}
	}
	return toCanary
}
