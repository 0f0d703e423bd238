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
	if len(b.Routing) == 0 {
		return "", nil
	}
	var before []rule
	if err := json.Unmarshal(b.Routing, &before); err != nil {
		return "", model.Wrap(model.CodeInternal, err, "reading the recorded listener rules")
	}
	r, err := t.discover(ctx)
	if err != nil {
		return "", err
	}
	var foreign []string
	shown := true
	for _, x := range before {
		live, exists := r.rule(x.RuleArn)
		switch {
		case !exists:
			log.Infof("%s does not exist any more and is left alone", x)
			continue
		case sameActions(live.Actions, x.Actions):
			continue
		case !sameButShares(live.Actions, x.Actions) && !sameButShares(live.Actions, r.extended(x)):
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
	return found, t.readBack(ctx, "the listener rules read as before the deployment", func(now routing) bool {
		for _, x := range before {
			if live, exists := now.rule(x.RuleArn); exists && !sameActions(live.Actions, x.Actions) {
				return false
			}
		}
		return true
	})
}

func (r routing) rule(arn string) (rule, bool) {
	for _, x := range r.rules {
		if x.RuleArn == arn {
			return x, true
		}
	}
	return rule{}, false
}
