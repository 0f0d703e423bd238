package stagechecks

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/stagelog"
	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
)

// Limits of what is kept of one attempt of a stage. A check a minute for two
// days is within them.
const (
	MaxBatches = 5_000
	MaxBytes   = 64 << 20
)

// listPage is how many names are asked for at once.
const listPage = 1000

// Checks reads and writes checks. It has no state and is safe for concurrent
// use.
type Checks struct {
	files filestore.Store
	hub   *notify.Hub
}

// New returns the checks in files. Watchers are told through hub.
func New(files filestore.Store, hub *notify.Hub) *Checks {
	return &Checks{files: files, hub: hub}
}

// Append stores a batch. The same batch again changes nothing. CodeExhausted
// when the stage has reached the limit.
func (c *Checks) Append(ctx context.Context, key stagelog.Key, checks []model.AnalysisCheck) error {
	if len(checks) == 0 {
		return nil
	}
	content, digest, err := encode(checks)
	if err != nil {
		return err
	}
	stored, err := c.list(ctx, key, "")
	if err != nil {
		return err
	}
	bytes, last := len(content), int64(0)
	for _, n := range stored {
		if n.digest == digest {
			return nil
		}
		bytes, last = bytes+n.bytes, n.received
	}
	if len(stored) >= MaxBatches || bytes > MaxBytes {
		return model.Errorf(model.CodeExhausted, "stage %s of deployment %s has stored as many checks as are kept", key.StageID, key.DeploymentID)
	}
	// After the last one even if that was named by another server, whose clock is ahead: readers go on from there.
	name := batchName{received: max(time.Now().UnixMicro(), last+1), bytes: len(content), digest: digest}
	if err := c.files.Put(ctx, prefix(key)+name.String(), content); err != nil {
		return model.Wrap(model.CodeOf(err), err, "storing what stage "+key.StageID+" measured")
	}
	c.hub.Notify(notify.StageAnalysis(key.DeploymentID, key.StageID))
	return nil
}

// Page is a part of what a stage measured.
type Page struct {
	// Checks are in the order of arrival. One that is named like a check of an earlier page replaces that one.
	Checks []model.AnalysisCheck
	// Cursor reads what comes after this page, also what is not stored yet.
	Cursor string
	// More says that there is more now.
	More bool
}

// maxPageBytes ends a page; it has at least one batch.
const maxPageBytes = 1 << 20

// Read returns the checks after the cursor of an earlier page, "" for the
// beginning. A stage that measured nothing has no checks. CodeInvalid for a
// cursor that is none.
func (c *Checks) Read(ctx context.Context, key stagelog.Key, cursor string) (Page, error) {
	if _, ok := parseBatchName(cursor); !ok && cursor != "" {
		return Page{}, model.Errorf(model.CodeInvalid, "%q is not a cursor of a stage's checks", cursor)
	}
	stored, err := c.list(ctx, key, cursor)
	if err != nil {
		return Page{}, err
	}
	page, bytes := Page{Cursor: cursor}, 0
	for i, n := range stored {
		if bytes += n.bytes; bytes > maxPageBytes && i > 0 {
			page.More = true
			break
		}
		content, err := c.files.Get(ctx, prefix(key)+n.String())
		if err != nil && model.CodeOf(err) != model.CodeNotFound {
			return Page{}, model.Wrap(model.CodeOf(err), err, "reading what stage "+key.StageID+" measured")
		}
		page.Checks = append(page.Checks, decode(content)...)
		page.Cursor = n.String()
	}
	page.Checks = merge(page.Checks)
	return page, nil
}

// merge leaves of each check the latest, where the first one was.
func merge(checks []model.AnalysisCheck) []model.AnalysisCheck {
	type name struct {
		metric string
		index  int
	}
	at := make(map[name]int, len(checks))
	out := checks[:0]
	for _, c := range checks {
		n := name{c.Metric, c.Index}
		if i, ok := at[n]; ok {
			out[i] = c
			continue
		}
		at[n] = len(out)
		out = append(out, c)
	}
	return out
}

func prefix(key stagelog.Key) string { return "analysis/" + key.Path() + "/" }

// list returns the names of the stage's batches after the name, in order.
func (c *Checks) list(ctx context.Context, key stagelog.Key, after string) ([]batchName, error) {
	var out []batchName
	if after != "" {
		after = prefix(key) + after
	}
	for {
		paths, err := c.files.List(ctx, prefix(key), after, listPage)
		if err != nil {
			return nil, model.Wrap(model.CodeOf(err), err, "listing what stage "+key.StageID+" measured")
		}
		for _, p := range paths {
			if n, ok := parseBatchName(strings.TrimPrefix(p, prefix(key))); ok {
				out = append(out, n)
			}
		}
		if len(paths) < listPage {
			return out, nil
		}
		after = paths[len(paths)-1]
	}
}

// batchName is what the name of a batch tells about it.
type batchName struct {
	received int64 // unix microseconds
	bytes    int
	digest   string
}

func (n batchName) String() string {
	return fmt.Sprintf("%020d-%d-%s.jsonl", n.received, n.bytes, n.digest)
}

// parseBatchName is the inverse of batchName.String. ok is false for a name
// that is none.
func parseBatchName(name string) (n batchName, ok bool) {
	base, ok := strings.CutSuffix(name, ".jsonl")
	parts := strings.Split(base, "-")
	if !ok || len(parts) != 3 {
		return n, false
	}
	received, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return n, false
	}
	bytes, err := strconv.Atoi(parts[1])
	if err != nil {
		return n, false
	}
	n = batchName{received: received, bytes: bytes, digest: parts[2]}
	return n, received >= 0 && bytes >= 0 && n.String() == name
}
