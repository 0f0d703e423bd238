package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// labelTable is the table of one noun's labels. A label is the digest of its
// key and value, so that neither has a length limit. Each row repeats the
// project and the time its list is sorted by, which makes a page of one label
// a range of one index.
type labelTable struct {
	name  string // table: (owner_id, label, project_id, sort_at)
	owner string // table of the labelled rows
}

func applicationLabels() labelTable { return labelTable{"application_labels", "applications"} }

func deploymentLabels() labelTable { return labelTable{"deployment_labels", "deployments"} }

// labelled is what the rows of one owner are made from.
type labelled struct {
	ownerID   string
	projectID string
	sortAt    int64
	labels    map[string]string
}

func labelDigests(labels map[string]string) []string {
	digests := make([]string, 0, len(labels))
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		digests = append(digests, digest(key, labels[key]))
	}
	return digests
}

// replace makes the owner's rows those of l.
func (t labelTable) replace(ctx context.Context, tx *sql.Tx, l labelled) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM "+t.name+" WHERE owner_id = ?", l.ownerID); err != nil {
		return fmt.Errorf("removing labels: %w", err)
	}
	return t.insert(ctx, tx, l)
}

func (t labelTable) insert(ctx context.Context, tx *sql.Tx, l labelled) error {
	digests := labelDigests(l.labels)
	const perStatement = 50
	for chunk := range slices.Chunk(digests, perStatement) {
		args := make([]any, 0, 4*len(chunk))
		for _, d := range chunk {
			args = append(args, l.ownerID, d, l.projectID, l.sortAt)
		}
		values := strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?), ", len(chunk)), ", ")
		if _, err := tx.ExecContext(ctx, "INSERT INTO "+t.name+" (owner_id, label, project_id, sort_at) VALUES "+values, args...); err != nil {
			return fmt.Errorf("writing labels: %w", err)
		}
	}
	return nil
}

// branch returns the index range of the owners that have all labels, which
// must not be empty. where are further conditions on the owner, called t.
func (t labelTable) branch(projectID string, labels map[string]string, where conditions) branch {
	digests := labelDigests(labels)
	var all conditions
	all.add("l.label = ?", digests[0])
	addIf(&all, "l.project_id", projectID)
	for _, d := range digests[1:] {
		all.add("EXISTS (SELECT 1 FROM "+t.name+" x WHERE x.owner_id = l.owner_id AND x.label = ?)", d)
	}
	from := t.name + " l"
	if len(where) > 0 {
		from += " CROSS JOIN " + t.owner + " t" // CROSS: the labels lead
		all.add("t.id = l.owner_id")
		all = append(all, where...)
	}
	return branch{from: from, id: "l.owner_id", at: "l.sort_at", key: "l.owner_id", where: all}
}
