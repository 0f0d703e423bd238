package backup

import (
	"time"

	"pipecd/pkg/datastore"
	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
)

// format is the version of the file's form. It rises with every change that an
// earlier program would misread.
const format = 1

// Names of entries.
const (
	headName   = "pipecd-backup.json"
	endName    = "end.json"
	dataPrefix = "data/"
	filePrefix = "files/"
)

const (
	chunkBytes = 1 << 20 // of rows; an entry ends with the row that goes over it
	// maxChunk is the most an entry of rows may have: the largest row there can be, with room.
	maxChunk = 64 << 20
	maxJSON  = 1 << 20 // of the first and the last entry
	parallel = 8       // objects under way at once
)

// head is the first entry.
type head struct {
	Format    int       `json:"format"`
	Program   string    `json:"program"`
	CreatedAt time.Time `json:"createdAt"`
}

// end is the last entry.
type end struct {
	Summary

	SHA256 string `json:"sha256"` // of names, sizes and contents of all entries before
}

// Summary counts what was moved.
type Summary struct {
	Rows    int   `json:"rows"`
	Objects int   `json:"objects"`
	Bytes   int64 `json:"bytes"` // of rows and objects, before they are compressed
}

// Stores are where the state is, or goes.
type Stores struct {
	Data  datastore.Transfer
	Files filestore.Store
}

// Options are settings of Write and Restore.
type Options struct {
	Program   string        // which build writes the backup
	Now       time.Time     // the time that is noted in it
	Progress  func(Summary) // called often with what was moved so far; may be nil
	Verifying func(Summary) // the same while Restore looks whether the backup is whole; may be nil
}

func (o Options) tell(s Summary) {
	if o.Progress != nil {
		o.Progress(s)
	}
}

// damaged is the error for a file that cannot be restored.
func damaged(format string, args ...any) error {
	return model.Errorf(model.CodeInvalid, "the backup is cut off or damaged: "+format+"; take another one", args...)
}
