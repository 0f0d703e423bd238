package main

// mutant breaks one promise of the product.
type mutant struct {
	name     string // what is broken
	file     string // below pkg
	old, new string // old stands once in the file
}

// rollback is the file that most of them are in.
const rollback = "pipeline/canary/rollback.go"

// table are the mutants. What they replace moves with the code: a text that is
// not found exactly once ends the run.
func table() []mutant {
	return append(stages(), append(effects(), records()...)...)
}

// stages break what the stages promise.
func stages() []mutant {
	return []mutant{
		{"the old primary set is removed before the new one is steady", "pipeline/canary/rollout.go",
			"	svc, err := target.AwaitSteady(ctx, id, log)\n	return id, svc, err", "	svc, err := target.Observe(ctx)\n	return id, svc, err"},
		{"the canary is removed while it gets requests", "pipeline/canary/canary.go",
			"	if len(keep) > 0 {", "	gone = sets\n	if len(keep) > 1000 {"},
		{"leftovers are not swept", "pipeline/canary/safety.go",
			"if s.Ours && !s.Primary && !s.Draining && s.Deployment != deploymentID {", "if s.Ours && s.Primary && !s.Draining && s.Deployment != deploymentID {"},
		{"sets of other hands are swept", "pipeline/canary/safety.go",
			"if s.Ours && !s.Primary && !s.Draining && s.Deployment != deploymentID {", "if !s.Primary && !s.Draining && s.Deployment != deploymentID {"},
		{"a quick sync leaves the requests where they are", "pipeline/canary/sync.go",
			"	if err := r.takeAll(ctx); err != nil {", "	if err := error(nil); err != nil {"},
		{"a rollback does not move the requests back", rollback,
			"	err = r.shiftTo(ctx, svc)\n	if model", "	if model"},
		{"a rollback removes the set that it rebuilt", rollback,
			"return s.ID == keep })", "return s.ID == keep && s.Step != \"rebuilt-set\" })"},
		{"a rollback rebuilds what stands", rollback,
			"case !ok || old.Draining:", "case !ok || old.Running > 0:"},
		{"a rollback does not restore the rules", rollback,
			"	if traffic == nil || r.run.Baseline.Weights.Canary > 0 {", "	if traffic == nil || r.run.Baseline.Weights.Canary >= 0 {"},
		{"a rollback leaves the settings of the service", rollback,
			"	unreverted := r.run.Target.RevertService(ctx, r.run.Baseline, r.run.Log)", "	unreverted := error(nil)"},
		{"a first deployment that failed leaves its service", rollback,
			"	if err := target.RevertService(ctx, r.run.Baseline, r.run.Log); err != nil {", "	if err := ctx.Err(); err != nil {"},
		{"a first deployment that failed leaves its sets", rollback,
			"	if err := target.Remove(ctx, made(svc, r.run.Deployment.ID, \"\"), r.run.Log); err != nil {", "	if err := target.Remove(ctx, made(svc, r.run.Deployment.ID, platform.RoleCanary), r.run.Log); err != nil {"},
		{"a bad measurement does not fail the analysis", "pipeline/gate/analysis.go",
			"return stage.Outcome{Failed: true, Reason: strings.Join(bad, \"; \")}", "return stage.Outcome{Reason: strings.Join(bad, \"; \")}"},
	}
}

// effects break how side effects are made.
func effects() []mutant {
	return []mutant{
		{"a set is created without a client token", "platform/ecs/taskset.go",
			"	in.ClientToken = aws.String(a.Token)", "	in.ClientToken = nil"},
		{"a revision is not searched for after a crash", "platform/ecs/revision.go",
			"	search := a.Resumed", "	search := a.Resumed && a.Token == \"\""},
		{"a revision is not searched for after a lost answer", "platform/ecs/revision.go",
			"		search = true", "		search = false"},
		{"removed sets are not waited for", "platform/ecs/taskset.go",
			"	return t.awaitGone(ctx, ids, log)", "	return nil"},
		{"a list older than the set is believed", "platform/ecs/steadiness.go",
			"if at < 0 && !s.found && time.Since(s.since) < s.target.timing.ReadBackTimeout {", "if at < 0 && s.found {"},
		{"the tag of the application is missing", "platform/ecs/target.go",
			"		tag(tagApplication, t.app.Identity.ApplicationID),\n", ""},
		{"the tag of the step is missing", "platform/ecs/target.go",
			", tag(tagStep, step))", ")"},
		{"only the first rule is given its weights", "platform/ecs/traffic.go",
			"	longer, cancel := outlasting(ctx)\n	defer cancel()\n	shown := true", "	longer, cancel := outlasting(ctx)\n	defer cancel()\n	shown := true\n	changed = changed[:min(1, len(changed))]"},
	}
}

// records break what is recorded, and who may act.
func records() []mutant {
	return []mutant{
		{"an intent is stored after its effect has begun", "pipeline/stage/journal.go",
			"err = j.save(ctx, string(document), r.Outcome == nil)", "err = j.save(ctx, string(document), false)"},
		{"a step that was only intended is taken for done", "pipeline/stage/journal.go",
			"	rec, err := j.intend(ctx, step, attempt.Resumed,", "	if attempt.Resumed {\n		return outcome, nil\n	}\n	rec, err := j.intend(ctx, step, attempt.Resumed,"},
		{"the application is shown as deploying for ever", "piped/agent/recorder.go",
			"apiclient.CompletedReport(id, c), apiclient.DeployingReport(d.ApplicationID, false))", "apiclient.CompletedReport(id, c))"},
		{"a process that another one superseded may write", "datastore/sqldb/lease.go",
			"	case row.epoch != fence.Epoch:\n		return fenced(fence, row)\n	default:\n		return nil\n	}\n}\n\nfunc fenced", "	case row.epoch < fence.Epoch:\n		return fenced(fence, row)\n	default:\n		return nil\n	}\n}\n\nfunc fenced"},
	}
}
