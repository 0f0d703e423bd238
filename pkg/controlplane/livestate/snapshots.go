package livestate

import (
	"context"
	"fmt"

	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
)

// MaxSize is the most bytes of one snapshot.
const MaxSize = 4 << 20

// Version orders the snapshots of an application.
type Version struct {
	Seconds int64 // when it was made, since 1970; not negative
	Index   int64 // among those of one second; not negative
}

func (v Version) name() string { return fmt.Sprintf("%020d-%020d.binpb", v.Seconds, v.Index) }

// Snapshots reads and writes snapshots. It has no state and is safe for
// concurrent use.
type Snapshots struct{ files filestore.Store }

// New returns the snapshots in files.
func New(files filestore.Store) *Snapshots { return &Snapshots{files: files} }

func prefix(applicationID string) string {
	return "application-live-state/" + filestore.Element(applicationID) + "/"
}

// list returns the paths of the snapshots, oldest version first.
func (s *Snapshots) list(ctx context.Context, applicationID string) ([]string, error) {
	paths, err := s.files.List(ctx, prefix(applicationID), "", filestore.MaxListLimit)
	return paths, model.Wrap(model.CodeOf(err), err, "looking for the live state of application "+applicationID)
}

// Put keeps the snapshot unless a newer one is kept already. CodeInvalid when it
// is too large.
func (s *Snapshots) Put(ctx context.Context, applicationID string, v Version, snapshot []byte) error {
	if len(snapshot) > MaxSize {
		return model.Errorf(model.CodeInvalid, "the live state of application %s is %d bytes long; at most %d are kept", applicationID, len(snapshot), MaxSize)
	}
	kept, err := s.list(ctx, applicationID)
	if err != nil {
		return err
	}
	path := prefix(applicationID) + v.name()
	if len(kept) > 0 && kept[len(kept)-1] > path {
		return nil
	}
	if err := s.files.Put(ctx, path, snapshot); err != nil {
		return model.Wrap(model.CodeOf(err), err, "storing the live state of application "+applicationID)
	}
	for _, old := range kept {
		if old == path {
			continue
		}
		if err := s.files.Delete(ctx, old); err != nil {
			return model.Wrap(model.CodeOf(err), err, "removing an older live state of application "+applicationID)
		}
	}
	return nil
}

// Latest returns the newest snapshot. CodeNotFound when there is none.
func (s *Snapshots) Latest(ctx context.Context, applicationID string) ([]byte, error) {
	const tries = 3 // each one lost means that a newer snapshot was written meanwhile
	for try := 1; ; try++ {
		kept, err := s.list(ctx, applicationID)
		if err != nil {
			return nil, err
		}
		if len(kept) == 0 {
			return nil, model.Errorf(model.CodeNotFound, "no live state of application %s was reported yet", applicationID)
		}
		content, err := s.files.Get(ctx, kept[len(kept)-1])
		if model.CodeOf(err) == model.CodeNotFound && try < tries {
			continue
		}
		return content, model.Wrap(model.CodeOf(err), err, "reading the live state of application "+applicationID)
	}
}
