package webui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// file is one file in memory, with its compressed twins.
type file struct {
	contentType string
	cache       string
	etag        string // of the plain content, in quotes
	plain       []byte
	gzip        []byte // nil when there is none
	brotli      []byte
}

func newFile(name string, plain []byte) *file {
	sum := sha256.Sum256(plain)
	const enough = 12 // bytes of the hash
	return &file{
		contentType: contentType(name), cache: recheck, plain: plain,
		etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:enough]) + `"`,
	}
}

func readFile(built fs.FS, name string) (*file, error) {
	plain, err := fs.ReadFile(built, name)
	if err != nil {
		return nil, err
	}
	f := newFile(name, plain)
	if f.gzip, err = readTwin(built, name+".gz"); err != nil {
		return nil, err
	}
	f.brotli, err = readTwin(built, name+".br")
	return f, err
}

func readTwin(built fs.FS, name string) ([]byte, error) {
	content, err := fs.ReadFile(built, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return content, err
}

func isTwin(name string) bool {
	return strings.HasSuffix(name, ".br") || strings.HasSuffix(name, ".gz")
}

// compress makes the gzip twin of a file that the build did not write.
func (f *file) compress() error {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("compressing: %w", err)
	}
	if _, err := w.Write(f.plain); err != nil {
		return fmt.Errorf("compressing: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("compressing: %w", err)
	}
	f.gzip = out.Bytes()
	return nil
}

// contentType returns the type of the files that the UI is made of; "" for
// others, which are not served.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".woff2":
		return "font/woff2"
	default:
		return ""
	}
}

// serve answers with the smallest form that the client takes.
func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	encoding, content := f.choose(strings.Join(r.Header.Values("Accept-Encoding"), ","))
	etag := f.etag
	h := w.Header()
	h.Set("Cache-Control", f.cache)
	h.Add("Vary", "Accept-Encoding")
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
		etag = strings.TrimSuffix(etag, `"`) + "-" + encoding + `"` // each form is a representation of its own
	}
	h.Set("ETag", etag)
	if unchanged(r.Header.Get("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.contentType)
	h.Set("Content-Length", strconv.Itoa(len(content)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(content) // the client is gone; nobody to tell
	}
}

func (f *file) choose(accepted string) (encoding string, content []byte) {
	switch {
	case f.brotli != nil && accepts(accepted, "br"):
		return "br", f.brotli
	case f.gzip != nil && accepts(accepted, "gzip"):
		return "gzip", f.gzip
	default:
		return "", f.plain
	}
}

// accepts reads an Accept-Encoding header. A quality of 0 is a refusal; other
// qualities are not compared, since every client that takes br prefers it.
func accepts(header, encoding string) bool {
	for item := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(item, ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		q, found := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameters)), "q=")
		quality, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		return !found || err == nil && quality > 0
	}
	return false
}

// unchanged reports whether the client has this form already.
func unchanged(header, etag string) bool {
	for item := range strings.SplitSeq(header, ",") {
		item = strings.TrimSpace(item)
		if item == "*" || strings.TrimPrefix(item, "W/") == etag {
			return true
		}
	}
	return false
}
