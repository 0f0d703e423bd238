package datastore

import "time"

// Schema is how far the tables of a store are, and what this program needs.
// Both are 0-based versions of the adapter's own count.
type Schema struct {
	Have    int64
	Need    int64
	Pending []Migration // what is still to be applied, in order
}

// Migration is one step that brings the tables of a store up to date.
type Migration struct {
	Version int64
	Name    string        // what it makes: "deployments_by_project"
	Took    time.Duration // 0 for one that was not applied yet
}
