package backup

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"time"

	"pipecd/pkg/datastore"
	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
)

// Write writes a backup of the stores.
func Write(ctx context.Context, w io.Writer, from Stores, o Options) (Summary, error) {
	packed, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return Summary{}, model.Wrap(model.CodeInternal, err, "preparing the backup")
	}
	a := &archive{tar: tar.NewWriter(packed), sum: sha256.New(), at: o.Now.UTC().Truncate(time.Second), options: o}
	for _, step := range []func() error{
		func() error { return a.addJSON(headName, head{Format: format, Program: o.Program, CreatedAt: a.at}) },
		func() error { return a.addRows(ctx, from.Data) },
		func() error { return a.addObjects(ctx, from.Files) },
		a.addEnd,
		func() error { return model.Wrap(model.CodeUnavailable, a.tar.Close(), "writing the backup") },
		func() error { return model.Wrap(model.CodeUnavailable, packed.Close(), "writing the backup") },
	} {
		if err := step(); err != nil {
			return a.done, err
		}
	}
	return a.done, nil
}

// archive is a backup that is being written.
type archive struct {
	tar     *tar.Writer
	sum     hash.Hash
	at      time.Time
	options Options
	done    Summary
}

// add writes an entry.
func (a *archive) add(name string, content []byte) error {
	const private = 0o600
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: private, ModTime: a.at, Format: tar.FormatPAX}
	err := a.tar.WriteHeader(header)
	if err == nil {
		_, err = a.tar.Write(content)
	}
	if err != nil {
		return model.Wrap(model.CodeUnavailable, err, "writing the backup")
	}
	note(a.sum, name, header.Size)
	a.sum.Write(content)
	return nil
}

// note adds an entry's name and size to the sum; its content follows.
func note(sum hash.Hash, name string, size int64) { _, _ = fmt.Fprintf(sum, "%s\n%d\n", name, size) } // a hash takes everything

func (a *archive) addJSON(name string, value any) error {
	content, err := json.Marshal(value)
	if err != nil {
		return model.Wrap(model.CodeInternal, err, "writing the backup")
	}
	return a.add(name, append(content, '\n'))
}

func (a *archive) addEnd() error {
	return a.addJSON(endName, end{Summary: a.done, SHA256: hex.EncodeToString(a.sum.Sum(nil))})
}

// addRows writes the rows, many in an entry.
func (a *archive) addRows(ctx context.Context, from datastore.Transfer) error {
	var (
		table   string
		content []byte
		entries int // of the table
	)
	flush := func() error {
		if len(content) == 0 {
			return nil
		}
		entries++
		err := a.add(fmt.Sprintf("%s%s/%08d.jsonl", dataPrefix, table, entries), content)
		content = content[:0]
		a.options.tell(a.done)
		return err
	}
	err := from.Export(ctx, func(r datastore.Record) error {
		if r.Table != table || len(content) > chunkBytes {
			if err := flush(); err != nil {
				return err
			}
		}
		if r.Table != table {
			table, entries = r.Table, 0
		}
		content = append(append(content, r.Data...), '\n')
		a.done.Rows++
		a.done.Bytes += int64(len(r.Data))
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// object is one that was read, or why it was not.
type object struct {
	path    string
	content []byte
	err     error
}

// addObjects writes the objects in the order of their paths. Some are read
// ahead, for an object store answers slowly and many at once.
func (a *archive) addObjects(ctx context.Context, from filestore.Store) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for ahead := range readAhead(ctx, from) {
		got := <-ahead
		switch {
		case model.CodeOf(got.err) == model.CodeNotFound: // deleted since it was listed
			continue
		case got.err != nil:
			return got.err
		}
		if err := a.add(filePrefix+got.path, got.content); err != nil {
			return err
		}
		a.done.Objects++
		a.done.Bytes += int64(len(got.content))
		a.options.tell(a.done)
	}
	if ctx.Err() != nil {
		return model.Wrap(model.CodeUnavailable, context.Cause(ctx), "reading the objects")
	}
	return nil
}

// readAhead gives all objects in order. It ends early when ctx does.
func readAhead(ctx context.Context, from filestore.Store) <-chan chan object {
	found := make(chan chan object, parallel)
	next := func(get func() object) bool {
		one := make(chan object, 1)
		select {
		case found <- one:
			go func() { one <- get() }()
			return true
		case <-ctx.Done():
			return false
		}
	}
	go func() {
		defer close(found)
		for path, err := range paths(ctx, from) {
			if err != nil {
				next(func() object { return object{err: err} })
				return
			}
			if !next(func() object {
				content, err := from.Get(ctx, path)
				return object{path, content, err}
			}) {
				return
			}
		}
	}()
	return found
}

// paths lists the store page by page.
func paths(ctx context.Context, from filestore.Store) func(yield func(string, error) bool) {
	return func(yield func(string, error) bool) {
		after := ""
		for {
			page, err := from.List(ctx, "", after, filestore.MaxListLimit)
			if err != nil {
				yield("", err)
				return
			}
			for _, path := range page {
				if !yield(path, nil) {
					return
				}
			}
			if len(page) < filestore.MaxListLimit {
				return
			}
			after = page[len(page)-1]
		}
	}
}
