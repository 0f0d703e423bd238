package main

import (
	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// compare tells the ledger what was acknowledged and is not in the deployment.
func (p *promise) compare(l *ledger, d *model.Deployment) {
	if !p.status.CanBecome(d.Status) {
		l.isLostf("deployment %s was %s and is %s", p.id, p.status, d.Status)
	}
	for id, status := range p.stages {
		if s := d.Stage(id); s == nil || !status.CanBecome(s.Status) {
			l.isLostf("stage %s of deployment %s was %s and is not", id, p.id, status)
		}
	}
	for k, v := range p.metadata {
		if d.Metadata[k] != v {
			l.isLostf("the metadata %s of deployment %s is %q, not %q", k, p.id, d.Metadata[k], v)
		}
	}
	for k, v := range p.steps {
		if s := d.Stage(stageWait); s == nil || s.Metadata[k] != v {
			l.isLostf("the metadata %s of stage %s of deployment %s is not there", k, stageWait, p.id)
		}
	}
}

// compareLog tells the ledger what was acknowledged and is not in the log, and
// what is there twice, out of its place, or was never tried.
func compareLog(l *ledger, of string, want, tried map[int64]line, found []*modelpb.LogBlock) {
	seen := map[int64]bool{}
	for i, b := range found {
		index := b.GetIndex()
		switch {
		case seen[index]:
			l.isDoubledf("line %d of stage %s is there twice", index, of)
		case tried[index].text != b.GetLog():
			l.isDoubledf("line %d of stage %s is %q, which nobody wrote", index, of, b.GetLog())
		case i > 0 && index < found[i-1].GetIndex():
			l.isDoubledf("line %d of stage %s is not in its place", index, of)
		}
		seen[index] = true
	}
	for index, line := range want {
		if line.acknowledged && !seen[index] {
			l.isLostf("line %d of stage %s is not there", index, of)
		}
	}
}
