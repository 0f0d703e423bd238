package backup

import (
	"context"
	"errors"
	"io"

	"golang.org/x/sync/errgroup"

	"pipecd/pkg/datastore"
	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
)

// Restore puts a whole backup into stores that are empty. Errors:
// model.CodeInvalid when it is not whole, and then nothing was stored;
// CodeFailedPrecondition when a store is not empty or a newer program made the
// backup. After any other error what was stored is removed again.
func Restore(ctx context.Context, r io.ReadSeeker, into Stores, o Options) (Summary, error) {
	if _, err := Verify(ctx, r, Options{Progress: o.Verifying}); err != nil {
		return Summary{}, err
	}
	if err := requireEmpty(ctx, into.Files); err != nil {
		return Summary{}, err
	}
	rows, err := into.Data.BeginImport(ctx)
	if err != nil {
		return Summary{}, err
	}
	done, err := fill(ctx, r, rows, into.Files, o)
	if err == nil {
		err = rows.Finish(ctx)
	}
	if err == nil {
		return done, nil
	}
	after := context.WithoutCancel(ctx) // tidying up is for those who cancelled too
	if undo := errors.Join(removeObjects(after, r, into.Files), rows.Abandon(after)); undo != nil {
		return done, errors.Join(err, model.Wrap(model.CodeInternal, undo, "removing what was restored; make both stores empty before another restore"))
	}
	return done, err
}

func requireEmpty(ctx context.Context, files filestore.Store) error {
	found, err := files.List(ctx, "", "", 1)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return model.Errorf(model.CodeFailedPrecondition,
			"the file store is not empty, %s is in it; a restore needs an empty one, so that nothing is mixed or lost: name another directory or bucket", found[0])
	}
	return nil
}

// fill reads the backup from its beginning and stores what it holds.
func fill(ctx context.Context, r io.ReadSeeker, rows datastore.Import, files filestore.Store, o Options) (Summary, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return Summary{}, model.Wrap(model.CodeInvalid, err, "reading the backup again")
	}
	writing, writingCtx := errgroup.WithContext(ctx)
	writing.SetLimit(parallel)
	done, err := read(writingCtx, r, takers{
		row: func(row datastore.Record) error { return rows.Put(ctx, row) },
		object: func(path string, content []byte) error {
			writing.Go(func() error { return files.Put(writingCtx, path, content) })
			return nil
		},
	}, o)
	if failed := writing.Wait(); failed != nil { // which also ended the reading
		return done, failed
	}
	return done, err
}

// removeObjects removes the backup's objects from a store that was empty before.
func removeObjects(ctx context.Context, r io.ReadSeeker, files filestore.Store) error {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := read(ctx, r, takers{
		row:    func(datastore.Record) error { return nil },
		object: func(path string, _ []byte) error { return files.Delete(ctx, path) },
	}, Options{})
	return err
}
