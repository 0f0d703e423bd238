package ecs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pipecd/pkg/platform"
)

// moved says which rules show shares that are neither among since nor those
// that are wanted: somebody else gave them. It is "" when since names none.
func (r routing) moved(since []platform.Weights, wanted platform.Weights) string {
	if len(since) == 0 {
		return ""
	}
	var parts []string
	for _, x := range r.split() {
		if w := r.weightsOf(x); w != wanted && !slices.Contains(since, w) {
			parts = append(parts, fmt.Sprintf("%s now gives %d%% to primary and %d%% to canary", x, w.Primary, w.Canary))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	last := since[len(since)-1]
	return fmt.Sprintf("someone else moved requests since this deployment left them at %d%% to primary and %d%% to canary: %s",
		last.Primary, last.Canary, strings.Join(parts, "; "))
}

// exposure says, for each group, which rules of any listener send it requests
// and the largest share that one of them gives it. except leaves rules out, by
// group.
func (r routing) exposure(except map[string][]string) map[string]platform.Exposed {
	out := map[string]platform.Exposed{}
	for _, x := range r.rules {
		for _, a := range x.Actions {
			for group, share := range sharesOf(a) {
				if share == 0 || slices.Contains(except[group], x.RuleArn) {
					continue
				}
				e := out[group]
				out[group] = platform.Exposed{Percent: max(e.Percent, share), Rules: append(e.Rules, x.String())}
			}
		}
	}
	return out
}

// standing returns, by group, the rules that no deployment changes and that send
// requests to one of our groups although idle says that nothing is behind it.
func (r routing) standing(idle func(group string) bool) map[string][]string {
	out := map[string][]string{}
	touched := r.touched()
	for _, x := range r.rules {
		if slices.ContainsFunc(touched, func(y rule) bool { return y.RuleArn == x.RuleArn }) {
			continue
		}
		for _, a := range x.Actions {
			for group, share := range sharesOf(a) {
				if share > 0 && r.names(a) && idle(group) {
					out[group] = append(out[group], x.RuleArn)
				}
			}
		}
	}
	return out
}

// groups returns every group of every pair.
func (r routing) groups() []string {
	var out []string
	for _, p := range r.pairs {
		out = append(out, p.primary)
		if p.canary != "" {
			out = append(out, p.canary)
		}
	}
	return out
}

// namesAll reports whether every group of ours stands in a rule.
func (r routing) namesAll() bool {
	var named []string
	for _, x := range r.rules {
		for _, a := range x.Actions {
			named = append(named, groupsOf(a)...)
		}
	}
	return !slices.ContainsFunc(r.groups(), func(g string) bool { return !slices.Contains(named, g) })
}

// Exposure reads the rules of every listener. What this process or another wrote
// moments ago may not show yet, so it looks again while a group gets requests
// that is to get none.
func (t *traffic) Exposure(ctx context.Context, b platform.Baseline, none ...string) (map[string]platform.Exposed, error) {
	for until := time.Now().Add(disturbanceLasts); ; {
		r, err := t.readAll(ctx)
		if err != nil {
			return nil, err
		}
		exposed := r.together(r.exposure(b.Standing))
		settled := !slices.ContainsFunc(none, func(g string) bool { return exposed[g].Percent > 0 })
		if !t.target.session.behind(r.rules) && (settled || !time.Now().Before(until)) {
			return exposed, nil
		}
		if err := pause(ctx, disturbanceLasts/10); err != nil {
			return nil, err
		}
	}
}

// together lets the groups of a role answer for each other: a set is in all of
// them.
func (r routing) together(exposed map[string]platform.Exposed) map[string]platform.Exposed {
	for _, groups := range [][]string{r.roleGroups(platform.RolePrimary), r.roleGroups(platform.RoleCanary)} {
		var all platform.Exposed
		for _, g := range groups {
			all.Percent = max(all.Percent, exposed[g].Percent)
			all.Rules = append(all.Rules, exposed[g].Rules...)
		}
		for _, g := range groups {
			if all.Percent > 0 {
				exposed[g] = all
			}
		}
	}
	return exposed
}

func (r routing) roleGroups(role platform.Role) []string {
	var out []string
	for _, p := range r.pairs {
		g := p.primary
		if role == platform.RoleCanary {
			g = p.canary
		}
		if g != "" {
			out = append(out, g)
		}
	}
	return out
}
