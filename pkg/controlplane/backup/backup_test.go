package backup_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"pipecd/pkg/controlplane/backup"
	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/datastoretest"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/filestore"
	"pipecd/pkg/filestore/local"
	"pipecd/pkg/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stores are empty.
type stores struct {
	data  datastore.Store
	files filestore.Store
}

func newStores(t *testing.T) stores {
	t.Helper()
	data, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "db")})
	must(t, err)
	t.Cleanup(func() { must(t, data.Close()) })
	files, err := local.Open(t.TempDir())
	must(t, err)
	t.Cleanup(func() { must(t, files.Close()) })
	return stores{data, files}
}

func (s stores) both() backup.Stores { return backup.Stores{Data: s.data, Files: s.files} }

// requireEmpty also sees that another restore could begin.
func (s stores) requireEmpty(t *testing.T) {
	t.Helper()
	rows := datastoretest.Records(t, s.data)
	objects, err := s.files.List(t.Context(), "", "", 1)
	must(t, err)
	if len(rows) > 0 || len(objects) > 0 {
		t.Errorf("%d rows and the objects %v are left", len(rows), objects)
	}
	if into, err := s.data.BeginImport(t.Context()); err != nil {
		t.Error(err)
	} else {
		must(t, into.Abandon(t.Context()))
	}
}

func options() backup.Options {
	return backup.Options{Program: "pipecd test", Now: time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC)}
}

// filled has rows of every table and objects of several sizes.
func filled(t *testing.T) stores {
	t.Helper()
	s := newStores(t)
	datastoretest.Fill(t, s.data)
	for i := range 30 {
		content := bytes.Repeat([]byte{byte(i), 0, '\n'}, i*1000)
		must(t, s.files.Put(t.Context(), fmt.Sprintf("log/deployment-%d/日本/stage", i), content))
	}
	must(t, s.files.Put(t.Context(), "log/"+strings.Repeat("long/", 150)+"x", []byte("deep")))
	return s
}

func write(t *testing.T, from stores) []byte {
	t.Helper()
	var out bytes.Buffer
	_, err := backup.Write(t.Context(), &out, from.both(), options())
	must(t, err)
	return out.Bytes()
}

func restore(t *testing.T, archive []byte, into stores) (backup.Summary, error) {
	t.Helper()
	return backup.Restore(t.Context(), bytes.NewReader(archive), into.both(), options())
}

// TestThereAndBack: the backup of what was restored is the same to the byte.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	from, to := filled(t), newStores(t)
	first := write(t, from)
	told := backup.Summary{}
	o := options()
	o.Progress = func(s backup.Summary) {
		if s.Rows < told.Rows || s.Objects < told.Objects || s.Bytes < told.Bytes {
			t.Errorf("progress went from %+v to %+v", told, s)
		}
		told = s
	}
	done, err := backup.Restore(t.Context(), bytes.NewReader(first), to.both(), o)
	must(t, err)
	if rows := len(datastoretest.Records(t, from.data)); done.Rows != rows || done.Objects != 31 || done.Bytes == 0 || told != done {
		t.Errorf("restored %+v, told %+v; there are %d rows", done, told, rows)
	}
	if !bytes.Equal(write(t, to), first) {
		t.Error("the backup of what was restored is another")
	}
	if _, err := restore(t, first, to); model.CodeOf(err) != model.CodeFailedPrecondition || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a second restore into the same stores: %v", err)
	}
}

// TestDamaged: wherever a file is cut off, or a byte of it is another, nothing
// is stored.
func TestDamaged(t *testing.T) {
	t.Parallel()
	archive, to := write(t, filled(t)), newStores(t)
	step := max(1, len(archive)/60)
	for at := 0; at < len(archive); at += step {
		if _, err := restore(t, archive[:at], to); model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("cut off after %d of %d bytes: %v", at, len(archive), err)
		}
		changed := bytes.Clone(archive)
		changed[at] ^= 0x10
		_, err := backup.Verify(t.Context(), bytes.NewReader(changed), options())
		if err == nil && bytes.Equal(unpacked(t, changed), unpacked(t, archive)) {
			continue // a bit between two blocks, or in gzip's own time, which nobody reads
		}
		if code := model.CodeOf(err); code != model.CodeInvalid && code != model.CodeFailedPrecondition {
			t.Errorf("byte %d of %d changed: %v", at, len(archive), err)
		}
	}
	for _, at := range []int{len(archive) - 1, len(archive) - 8} {
		if _, err := restore(t, archive[:at], to); model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("cut off after %d of %d bytes: %v", at, len(archive), err)
		}
	}
	if _, err := restore(t, append(bytes.Clone(archive), "more"...), to); model.CodeOf(err) != model.CodeInvalid {
		t.Errorf("with something behind its end: %v", err)
	}
	to.requireEmpty(t)
}

func unpacked(t *testing.T, archive []byte) []byte {
	t.Helper()
	packed, err := gzip.NewReader(bytes.NewReader(archive))
	must(t, err)
	content, err := io.ReadAll(packed)
	must(t, err)
	return content
}

// rewritten returns the archive with its entries changed, and no sum corrected.
func rewritten(t *testing.T, archive []byte, change func(*tar.Header, []byte) []byte) []byte {
	t.Helper()
	packed, err := gzip.NewReader(bytes.NewReader(archive))
	must(t, err)
	var out bytes.Buffer
	repacked := gzip.NewWriter(&out)
	in, to := tar.NewReader(packed), tar.NewWriter(repacked)
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		content, err := io.ReadAll(in)
		must(t, err)
		if content = change(header, content); content == nil {
			continue
		}
		header.Size = int64(len(content))
		header.PAXRecords = nil
		must(t, to.WriteHeader(header))
		_, err = to.Write(content)
		must(t, err)
	}
	must(t, errors.Join(to.Close(), repacked.Close()))
	return out.Bytes()
}

func TestRefused(t *testing.T) {
	t.Parallel()
	archive, to := write(t, filled(t)), newStores(t)
	renamed := func(to string) func(*tar.Header, []byte) []byte {
		return func(h *tar.Header, content []byte) []byte {
			if strings.HasPrefix(h.Name, "files/log/deployment-1/") {
				h.Name = to
			}
			return content
		}
	}
	packed := func(text string) []byte {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		_, err := io.WriteString(w, text)
		must(t, errors.Join(err, w.Close()))
		return out.Bytes()
	}
	for want, file := range map[string][]byte{
		"this is no backup":                      []byte("kind: ControlPlane\n"),
		"this is no backup: pipecd":              {},
		"this is no backup: pipecd backup":       packed(strings.Repeat("not a tar archive ", 100)),
		"this is no backup: pipecd backup makes": rewritten(t, archive, func(h *tar.Header, c []byte) []byte { h.Name = "x/" + h.Name; return c }),
		`the entry "/etc/passwd"`:                rewritten(t, archive, renamed("/etc/passwd")),
		"name that none can have":                rewritten(t, archive, renamed("files/../../etc/passwd")),
		"the object path \"/etc/passwd\"":        rewritten(t, archive, renamed("files//etc/passwd")),
		"its content is not what was written":    rewritten(t, archive, renamed("files/log/other")),
		"is no file":                             rewritten(t, archive, func(h *tar.Header, c []byte) []byte { h.Typeflag, h.Linkname = tar.TypeSymlink, "/etc"; return c[:0] }),
		`knows forms up to 1: restore it with the`: rewritten(t, archive, func(_ *tar.Header, c []byte) []byte {
			return bytes.Replace(c, []byte(`"format":1`), []byte(`"format":2`), 1)
		}),
		"unexpected EOF":                        rewritten(t, archive, func(h *tar.Header, c []byte) []byte { return unless(h.Name == "end.json", c) }),
		"the backup is cut off or damaged: its": rewritten(t, archive, func(h *tar.Header, c []byte) []byte { return unless(strings.HasPrefix(h.Name, "data/pipeds/"), c) }),
		"in the middle of a row":                rewritten(t, archive, func(_ *tar.Header, c []byte) []byte { return bytes.TrimSuffix(c, []byte("\n")) }),
	} {
		_, err := restore(t, file, to)
		if code := model.CodeOf(err); err == nil || code != model.CodeInvalid && code != model.CodeFailedPrecondition || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	to.requireEmpty(t)
}

func unless(gone bool, content []byte) []byte {
	if gone {
		return nil
	}
	return content
}

// full is a file store that has room for so many objects.
type full struct {
	filestore.Store

	room chan struct{}
}

var errFull = errors.New("no space left")

func (f full) Put(ctx context.Context, path string, content []byte) error {
	select {
	case f.room <- struct{}{}:
		return f.Store.Put(ctx, path, content)
	default:
		return errFull
	}
}

// TestFailedRestoreLeavesNothing: not what was stored before the failure, and
// another try is possible.
func TestFailedRestoreLeavesNothing(t *testing.T) {
	t.Parallel()
	archive, to := write(t, filled(t)), newStores(t)
	_, err := backup.Restore(t.Context(), bytes.NewReader(archive), backup.Stores{Data: to.data, Files: full{to.files, make(chan struct{}, 10)}}, options())
	if !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
	to.requireEmpty(t)
	ctx, cancel := context.WithCancel(t.Context())
	o := options()
	o.Progress = func(s backup.Summary) {
		if s.Objects == 5 {
			cancel()
		}
	}
	if _, err := backup.Restore(ctx, bytes.NewReader(archive), to.both(), o); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	to.requireEmpty(t)
	if _, err := restore(t, archive, to); err != nil {
		t.Error(err)
	}
}

// TestObjectsThatGo: what is deleted while a backup is written is not in it.
func TestObjectsThatGo(t *testing.T) {
	t.Parallel()
	from, to := filled(t), newStores(t)
	going := vanishing{from.files}
	var out bytes.Buffer
	done, err := backup.Write(t.Context(), &out, backup.Stores{Data: from.data, Files: going}, options())
	must(t, err)
	if done.Objects != 30 {
		t.Errorf("%d objects are in the backup", done.Objects)
	}
	_, err = restore(t, out.Bytes(), to)
	must(t, err)
}

type vanishing struct{ filestore.Store }

func (v vanishing) Get(ctx context.Context, path string) ([]byte, error) {
	if strings.Contains(path, "deployment-7/") {
		if err := v.Delete(ctx, path); err != nil {
			return nil, err
		}
	}
	return v.Store.Get(ctx, path)
}
