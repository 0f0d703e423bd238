package agent

import "pipecd/pkg/model"

// supersede cancels the deployments that a newer one of their application takes
// the place of. It is derived anew from every list of open deployments, so it
// needs no memory: one that was cancelled stays so.
func (c *controller) supersede(open []*model.Deployment) {
	for _, newer := range open {
		if newer.Status != model.DeploymentPending || newer.Metadata[model.MetadataSupersedes] == "" {
			continue
		}
		for _, older := range open {
			if older.ApplicationID == newer.ApplicationID && precedes(older, newer) {
				c.giveWay(older, newer)
			}
		}
	}
}

// precedes reports whether older was created first. Times are those of the wire,
// whole seconds; of two in one second the newer one names the other.
func precedes(older, newer *model.Deployment) bool {
	return older.ID == newer.Metadata[model.MetadataSupersedes] || older.CreatedAt.Before(newer.CreatedAt)
}

func (c *controller) giveWay(older, newer *model.Deployment) {
	by := "deployment " + newer.ID + " of a newer commit (trigger.whileDeploying is SUPERSEDE)"
	c.mu.Lock()
	x := c.running[older.ID]
	if _, earlier := c.cancels[older.ID]; x == nil && !earlier {
		c.cancels[older.ID] = model.Command{DeploymentID: older.ID, Commander: by}
	}
	c.mu.Unlock()
	if x != nil {
		x.Cancel(by, model.RollbackAsConfigured)
	}
}
