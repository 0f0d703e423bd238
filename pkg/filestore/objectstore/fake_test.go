package objectstore

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// fake is the far end of the wire: a bucket with the S3 API, strict in what
// this package relies on (Content-MD5, byte order of lists, NoSuchKey).
type fake struct {
	bucket string
	google bool // answers with Google's checksum header and refuses Amazon's metadata

	mu      sync.Mutex
	exists  bool
	objects map[string]stored
	// refuse, when set, answers a request itself. It runs before anything else.
	refuse func(w http.ResponseWriter, r *http.Request) bool
	// spoil, when set, changes what a reader gets.
	spoil func(content []byte) []byte
	calls map[string]int // by method and kind of path
}

type stored struct {
	content  []byte
	metadata map[string]string
}

func newFake(bucket string) *fake {
	return &fake{bucket: bucket, exists: true, objects: map[string]stored{}, calls: map[string]int{}}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	kind := "bucket"
	if key != "" {
		kind = "object"
	}
	f.calls[r.Method+" "+kind]++
	switch {
	case f.refuse != nil && f.refuse(w, r):
	case bucket != f.bucket, !f.exists && (kind == "object" || r.Method != http.MethodPut):
		refusal(w, r, http.StatusNotFound, "NoSuchBucket")
	case kind == "bucket":
		f.serveBucket(w, r)
	default:
		f.serveObject(w, r, key, body)
	}
}

func (f *fake) serveBucket(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	switch {
	case r.Method == http.MethodPut && f.exists:
		refusal(w, r, http.StatusConflict, "BucketAlreadyOwnedByYou")
	case r.Method == http.MethodPut:
		f.exists = true
	case query.Has("location"):
		answer(w, `<LocationConstraint></LocationConstraint>`)
	case query.Get("list-type") == "2":
		f.list(w, query)
	}
}

func (f *fake) list(w http.ResponseWriter, query url.Values) {
	limit, _ := strconv.Atoi(query.Get("max-keys"))
	after := max(query.Get("start-after"), query.Get("continuation-token"))
	var out strings.Builder
	count, last, truncated := 0, "", false
	for _, key := range slices.Sorted(maps.Keys(f.objects)) {
		if !strings.HasPrefix(key, query.Get("prefix")) || after != "" && key <= after {
			continue
		}
		if truncated = count == limit; truncated {
			break
		}
		count, last = count+1, key
		fmt.Fprintf(&out, `<Contents><Key>%s</Key><Size>%d</Size><LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>`,
			url.QueryEscape(key), len(f.objects[key].content))
	}
	answer(w, fmt.Sprintf(`<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>%t</IsTruncated><NextContinuationToken>%s</NextContinuationToken>%s</ListBucketResult>`,
		truncated, escaped(last), out.String()))
}

func (f *fake) serveObject(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	switch r.Method {
	case http.MethodPut:
		sum := md5.Sum(body)
		object := stored{content: body, metadata: map[string]string{}}
		for name := range r.Header {
			if strings.HasPrefix(name, "X-Amz-Meta-") {
				object.metadata[name] = r.Header.Get(name)
			}
		}
		if r.Header.Get("Content-Md5") != base64.StdEncoding.EncodeToString(sum[:]) || f.google && len(object.metadata) > 0 {
			refusal(w, r, http.StatusBadRequest, "BadDigest")
			return
		}
		f.objects[key] = object
		w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
	case http.MethodGet:
		object, ok := f.objects[key]
		if !ok {
			refusal(w, r, http.StatusNotFound, "NoSuchKey")
			return
		}
		f.serveContent(w, object)
	case http.MethodDelete:
		delete(f.objects, key)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (f *fake) serveContent(w http.ResponseWriter, object stored) {
	for name, value := range object.metadata {
		w.Header().Set(name, value)
	}
	sum := md5.Sum(object.content)
	if f.google {
		w.Header().Add("X-Goog-Hash", "crc32c=AAAAAA==")
		w.Header().Add("X-Goog-Hash", "md5="+base64.StdEncoding.EncodeToString(sum[:]))
	}
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
	w.Header().Set("Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT")
	w.Header().Set("Content-Length", strconv.Itoa(len(object.content)))
	content := object.content
	if f.spoil != nil {
		content = f.spoil(slices.Clone(content))
	}
	if _, err := w.Write(content); err != nil {
		panic(http.ErrAbortHandler) // the reader went away
	}
}

func answer(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/xml")
	fmt.Fprint(w, xml.Header+body)
}

func refusal(w http.ResponseWriter, r *http.Request, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		fmt.Fprintf(w, "%s<Error><Code>%s</Code><Message>the far end says no</Message></Error>", xml.Header, code)
	}
}

func escaped(s string) string {
	var out strings.Builder
	if err := xml.EscapeText(&out, []byte(s)); err != nil {
		return ""
	}
	return out.String()
}

// set changes the fake while it is being called.
func (f *fake) set(change func(f *fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
