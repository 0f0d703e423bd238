package agent

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"sync"

	"pipecd/pkg/model"
	"pipecd/pkg/piped/apiclient"
)

// metadataFiles holds the files a deployment was begun with, in the
// deployment's metadata: base64 of gzip of JSON, path to content. A commit can
// vanish from every disk and remote while its deployment is under way; what was
// begun must still be brought to an end, or taken back.
const metadataFiles = "pipecd-files"

// Limits of the recorded files, in bytes.
const (
	maxRecorded = 128 << 10 // as they are stored
	maxUnpacked = 8 << 20
)

// capture is a tree that remembers the files that were read from it.
type capture struct {
	fs.FS

	mu    sync.Mutex
	files map[string][]byte
}

func newCapture(tree fs.FS) *capture { return &capture{FS: tree, files: map[string][]byte{}} }

// ReadFile implements fs.ReadFileFS.
func (c *capture) ReadFile(name string) ([]byte, error) {
	data, err := fs.ReadFile(c.FS, name)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.files[name] = data
	}
	return data, err
}

// pack returns what was read in the form that is stored. CodeExhausted when it
// is too much.
func (c *capture) pack() (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text, err := json.Marshal(c.files)
	if err != nil {
		return "", model.Wrap(model.CodeInternal, err, "recording the deployment's files")
	}
	var buf bytes.Buffer
	packer := gzip.NewWriter(&buf)
	_, err = packer.Write(text)
	if err = errors.Join(err, packer.Close()); err != nil {
		return "", model.Wrap(model.CodeInternal, err, "recording the deployment's files")
	}
	packed := base64.StdEncoding.EncodeToString(buf.Bytes())
	if len(packed) > maxRecorded || len(text) > maxUnpacked {
		return "", model.Errorf(model.CodeExhausted, "the deployment's files are too large to be recorded: %d bytes packed, at most %d are kept", len(packed), maxRecorded)
	}
	return packed, nil
}

// recordedTree is the recorded files as a tree.
type recordedTree map[string][]byte

// unpack is the inverse of pack. CodeInvalid for what pack did not make.
func unpack(packed string) (recordedTree, error) {
	const doing = "reading the recorded files"
	data, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		return nil, model.Wrap(model.CodeInvalid, err, doing)
	}
	unpacker, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, model.Wrap(model.CodeInvalid, err, doing)
	}
	text, err := io.ReadAll(io.LimitReader(unpacker, maxUnpacked+1))
	if err != nil || len(text) > maxUnpacked {
		return nil, model.Wrap(model.CodeInvalid, errors.Join(err, errors.New("not whole")), doing)
	}
	var tree recordedTree
	err = json.Unmarshal(text, &tree)
	return tree, model.Wrap(model.CodeInvalid, err, doing)
}

// Open implements fs.FS; it is asked only for what there is not, as files are
// read with ReadFile.
func (t recordedTree) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadFile implements fs.ReadFileFS.
func (t recordedTree) ReadFile(name string) ([]byte, error) {
	data, ok := t[name]
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	return bytes.Clone(data), nil
}

// record stores the files the deployment is begun with, before its first side
// effect. Files that are too large are not stored; the deployment then depends
// on its commit.
func (c *controller) record(ctx context.Context, d *model.Deployment, files *capture, out *outbox) error {
	if d.Metadata[metadataFiles] != "" || files == nil {
		return nil
	}
	packed, err := files.pack()
	if err != nil {
		c.logger.WarnContext(ctx, "the deployment goes on without a copy of its files", slog.String("deployment", d.ID), slog.Any("error", err))
		return nil
	}
	if err := out.add(apiclient.MetadataReport(d.ID, map[string]string{metadataFiles: packed})); err != nil {
		return err
	}
	if d.Metadata == nil {
		d.Metadata = map[string]string{}
	}
	d.Metadata[metadataFiles] = packed
	return nil
}

// vanished returns the recorded files of a deployment whose commit is gone, or
// says what that means for it.
func vanished(d *model.Deployment, gone error) (recordedTree, error) {
	if packed := d.Metadata[metadataFiles]; packed != "" {
		if tree, err := unpack(packed); err == nil {
			return tree, nil
		}
	}
	return nil, model.Errorf(model.CodeOf(gone), "commit %s is gone: neither this agent nor the repository %q has it any more (was it pushed away with force?): %w",
		d.Trigger.Commit.Hash, d.GitPath.Repo.ID, gone)
}
