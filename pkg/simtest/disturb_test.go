package simtest

import (
	"slices"
	"time"

	"pipecd/pkg/simcloud/elb"
)

// disturb sets off what happens beside the calls.
func (w *world) disturb() {
	w.absent("control plane", w.scenario.PlaneAway, w.network.leave)
	w.absent("Git", w.scenario.GitAway, w.repository.leave)
	cut := w.network.isolate
	if w.scenario.Stalled {
		cut = w.network.stall
	}
	w.absent("the first agent's network", w.scenario.Isolated, func(away bool) { cut(agentName, away) })
	if w.scenario.Twin > 0 {
		w.after(w.scenario.Twin, func() {
			w.schedule.note(twinName, "started by mistake")
			w.start(twinName)
		})
	}
	if w.scenario.Meddling.Kind != "" {
		w.after(w.scenario.Meddling.After, w.meddle)
	}
	if w.scenario.Strike > 0 {
		w.after(w.scenario.Strike, w.strike)
	}
}

func (w *world) absent(what string, a absence, leave func(bool)) {
	if a.For == 0 {
		return
	}
	w.after(a.From, func() {
		w.schedule.note(what, "away")
		leave(true)
		wait(w.ctx, a.For)
		leave(false)
		w.schedule.note(what, "back")
	})
}

// strike lets one of the tasks that run die.
func (w *world) strike() {
	var ids []string
	for _, t := range w.cloud.ECS.Snapshot().Tasks {
		if t.Status == "RUNNING" && t.Version != "b1" {
			ids = append(ids, t.ID)
		}
	}
	slices.Sort(ids)
	if len(ids) > 0 {
		w.tasks.strike(ids[lottery(w.scenario.Seed, "strike").IntN(len(ids))])
	}
}

// flow publishes what the load balancer would have measured of a steady stream
// of requests.
func (w *world) flow() {
	const period = 5 * time.Second
	for wait(w.ctx, period) {
		state := w.cloud.ELB.Snapshot()
		for _, r := range w.watch.routes().Routes {
			at := slices.IndexFunc(state.TargetGroups, func(g elb.TargetGroupState) bool { return g.ARN == r.Group })
			if r.Weight == 0 || at < 0 || !w.watch.groups[r.Group] {
				continue
			}
			tags := []string{groupTag(r.Group)}
			w.cloud.Metrics.Add("aws.applicationelb.request_count", tags, float64(r.Weight))
			if slices.ContainsFunc(state.TargetGroups[at].Targets, func(t elb.TargetState) bool { return t.Fault == "errors" && t.State == "healthy" }) {
				w.cloud.Metrics.Add("aws.applicationelb.httpcode_target_5xx", tags, float64(r.Weight))
			}
		}
	}
}
