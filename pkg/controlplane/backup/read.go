package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"strings"

	"pipecd/pkg/datastore"
	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
)

// takers get what a backup holds. An error of one ends the reading and is
// returned as it is.
type takers struct {
	row    func(datastore.Record) error
	object func(path string, content []byte) error
}

// Verify reads a backup to its end and returns what it holds. The error is
// model.CodeInvalid when it is not whole.
func Verify(ctx context.Context, r io.Reader, o Options) (Summary, error) {
	return read(ctx, r, takers{
		row:    func(datastore.Record) error { return nil },
		object: func(string, []byte) error { return nil },
	}, o)
}

// Phases of a backup, in their order.
const (
	atHead = iota
	atRows
	atObjects
	atEnd
)

// reading is a backup that is being read.
type reading struct {
	tar     *tar.Reader
	sum     hash.Hash
	phase   int
	to      takers
	options Options
	done    Summary
}

// read reads a backup to its end. What the takers get is not yet known to be
// whole.
func read(ctx context.Context, r io.Reader, to takers, o Options) (Summary, error) {
	packed, err := gzip.NewReader(bufio.NewReader(r))
	switch {
	case errors.Is(err, gzip.ErrHeader) || errors.Is(err, io.EOF):
		return Summary{}, notOurs()
	case err != nil:
		return Summary{}, damaged("%w", err)
	}
	in := &reading{tar: tar.NewReader(packed), sum: sha256.New(), to: to, options: o}
	for in.phase != atEnd {
		if err := ctx.Err(); err != nil {
			return in.done, model.Wrap(model.CodeUnavailable, context.Cause(ctx), "reading the backup")
		}
		if err := in.entry(); err != nil {
			return in.done, err
		}
		o.tell(in.done)
	}
	if _, err := in.tar.Next(); !errors.Is(err, io.EOF) {
		return in.done, damaged("something follows its end")
	}
	n, err := io.Copy(io.Discard, io.LimitReader(packed, 1)) // the sum of gzip comes last
	switch {
	case err != nil:
		return in.done, damaged("%w", unexpected(err))
	case n > 0:
		return in.done, damaged("something follows its end")
	}
	return in.done, nil
}

func notOurs() error {
	return model.Errorf(model.CodeInvalid, "this is no backup: pipecd backup makes one")
}

// entry reads one entry.
func (in *reading) entry() error {
	header, err := in.tar.Next()
	if err != nil {
		if in.phase == atHead && errors.Is(err, tar.ErrHeader) {
			return notOurs()
		}
		return damaged("reading the next entry: %w", unexpected(err))
	}
	if header.Typeflag != tar.TypeReg {
		return damaged("the entry %q is no file", header.Name)
	}
	name := header.Name
	switch {
	case in.phase == atHead && name != headName:
		return notOurs()
	case in.phase == atHead:
		return in.readHead(header)
	case name == endName:
		return in.readEnd(header)
	case in.phase <= atRows && strings.HasPrefix(name, dataPrefix):
		in.phase = atRows
		return in.readRows(header)
	case strings.HasPrefix(name, filePrefix):
		in.phase = atObjects
		return in.readObject(header)
	default:
		return damaged("nobody knows the entry %q", name)
	}
}

// unexpected makes an end before the end an error with a name.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// content reads an entry of at most limit bytes, and adds it to the sum.
func (in *reading) content(header *tar.Header, limit int64) ([]byte, error) {
	if header.Size < 0 || header.Size > limit {
		return nil, damaged("the entry %q has %d bytes, at most %d are expected", header.Name, header.Size, limit)
	}
	content, err := io.ReadAll(in.tar)
	if err != nil {
		return nil, damaged("reading the entry %q: %w", header.Name, unexpected(err))
	}
	if header.Name != endName {
		note(in.sum, header.Name, header.Size)
		in.sum.Write(content)
	}
	return content, nil
}

func (in *reading) readHead(header *tar.Header) error {
	content, err := in.content(header, maxJSON)
	if err != nil {
		return err
	}
	var first head
	if err := json.Unmarshal(content, &first); err != nil || first.Format < 1 {
		return notOurs()
	}
	if first.Format > format {
		return model.Errorf(model.CodeFailedPrecondition,
			"the backup was made by %s and has the form %d; this pipecd knows forms up to %d: restore it with the newer pipecd", first.Program, first.Format, format)
	}
	in.phase = atRows
	return nil
}

// readRows hands out the rows of an entry.
func (in *reading) readRows(header *tar.Header) error {
	table, _, ok := strings.Cut(strings.TrimPrefix(header.Name, dataPrefix), "/")
	if !ok {
		return damaged("nobody knows the entry %q", header.Name)
	}
	content, err := in.content(header, maxChunk)
	if err != nil {
		return err
	}
	for line := range bytes.Lines(content) {
		row := bytes.TrimSuffix(line, []byte("\n"))
		if len(row) == len(line) {
			return damaged("the entry %q ends in the middle of a row", header.Name)
		}
		in.done.Rows++
		in.done.Bytes += int64(len(row))
		if err := in.to.row(datastore.Record{Table: table, Data: row}); err != nil {
			return err
		}
	}
	return nil
}

func (in *reading) readObject(header *tar.Header) error {
	path := strings.TrimPrefix(header.Name, filePrefix)
	if err := filestore.CheckPath(path); err != nil {
		return damaged("an object has a name that none can have: %w", err)
	}
	content, err := in.content(header, filestore.MaxObjectSize)
	if err != nil {
		return err
	}
	in.done.Objects++
	in.done.Bytes += int64(len(content))
	return in.to.object(path, content)
}

// readEnd compares what was read with what was written.
func (in *reading) readEnd(header *tar.Header) error {
	content, err := in.content(header, maxJSON)
	if err != nil {
		return err
	}
	var last end
	if err := json.Unmarshal(content, &last); err != nil {
		return damaged("its end cannot be read: %w", err)
	}
	if last.SHA256 != hex.EncodeToString(in.sum.Sum(nil)) || last.Summary != in.done {
		return damaged("its content is not what was written")
	}
	in.phase = atEnd
	return nil
}
