package stagelog

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"pipecd/pkg/datastore"
	"pipecd/pkg/filestore"
)

// Key names one log: a stage in one of its attempts.
type Key struct {
	DeploymentID string
	StageID      string
	Attempt      int32 // the stage's retried count
}

// String returns the key for logs.
func (k Key) String() string {
	return k.DeploymentID + "/" + k.StageID + "/" + strconv.Itoa(int(k.Attempt))
}

// Path returns the key as a path of the filestore, for what is kept of a stage
// beside its log. Different keys have different paths.
func (k Key) Path() string {
	return filestore.Element(k.DeploymentID) + "/" + filestore.Element(k.StageID) + "/" + strconv.Itoa(int(k.Attempt))
}

// prefixOf returns what the paths of a log's objects begin with. log is Key.Path.
func prefixOf(log string) string { return "log/" + log + "/" }

// Names of the markers. They sort after every batch.
const (
	markDone = datastore.LogEnd
	markFull = "full"
)

// batchName is what the name of a batch tells about it.
type batchName struct {
	first, last int64
	lines       int
	bytes       int
	digest      string
}

func (n batchName) String() string {
	return fmt.Sprintf("%020d-%020d-%d-%d-%s.jsonl", n.first, n.last, n.lines, n.bytes, n.digest)
}

func (n batchName) compare(other batchName) int {
	return cmp.Or(cmp.Compare(n.first, other.first), cmp.Compare(n.last, other.last),
		cmp.Compare(n.lines, other.lines), cmp.Compare(n.bytes, other.bytes), cmp.Compare(n.digest, other.digest))
}

// dense reports whether the batch has every index between its ends.
func (n batchName) dense() bool { return n.last-n.first+1 == int64(n.lines) }

// parseBatchName is the inverse of batchName.String. ok is false for a name
// that is none.
func parseBatchName(name string) (n batchName, ok bool) {
	base, ok := strings.CutSuffix(name, ".jsonl")
	parts := strings.Split(base, "-")
	if !ok || len(parts) != 5 {
		return n, false
	}
	var errs [4]error
	n.first, errs[0] = strconv.ParseInt(parts[0], 10, 64)
	n.last, errs[1] = strconv.ParseInt(parts[1], 10, 64)
	n.lines, errs[2] = strconv.Atoi(parts[2])
	n.bytes, errs[3] = strconv.Atoi(parts[3])
	n.digest = parts[4]
	for _, err := range errs {
		if err != nil {
			return n, false
		}
	}
	return n, n.first >= 0 && n.last >= n.first && n.lines > 0 && n.bytes >= 0
}
