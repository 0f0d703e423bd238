package model

import (
	"maps"
	"strings"
)

// Metadata whose key begins with PrivateMetadata is what agents remember for
// themselves. It is kept with the deployment, and shown to nobody.
const (
	PrivateMetadata = "pipecd-"
	// MetadataSteps holds the journal of what a stage, or a deployment, has done.
	MetadataSteps = PrivateMetadata + "steps"
	// MetadataSupersedes is set on a deployment that takes the place of those before it. It names the last of them.
	MetadataSupersedes = PrivateMetadata + "supersedes"
)

// HidePrivate removes what agents keep for themselves from the metadata of the
// deployment and its stages.
func (d *Deployment) HidePrivate() {
	hidePrivate(d.Metadata)
	for _, metadata := range d.PluginMetadata {
		hidePrivate(metadata)
	}
	for i := range d.Stages {
		hidePrivate(d.Stages[i].Metadata)
	}
}

func hidePrivate(metadata map[string]string) {
	maps.DeleteFunc(metadata, func(key, _ string) bool { return strings.HasPrefix(key, PrivateMetadata) })
}
