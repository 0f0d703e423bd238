package objectstore

import (
	"os"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"

	"pipecd/pkg/model"
)

// keyFiles reads a pair of keys from two files, and again when one changed. It
// is safe for concurrent use.
type keyFiles struct {
	access, secret string

	mu   sync.Mutex
	read [2]time.Time // modification times of what was read
}

var _ credentials.Provider = (*keyFiles)(nil)

// Retrieve reads both files.
func (f *keyFiles) Retrieve() (credentials.Value, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	changed := f.changed()
	access, err := readKey(f.access)
	if err != nil {
		return credentials.Value{}, err
	}
	secret, err := readKey(f.secret)
	if err != nil {
		return credentials.Value{}, err
	}
	f.read = changed
	return credentials.Value{AccessKeyID: access, SecretAccessKey: secret, SignerType: credentials.SignatureV4}, nil
}

// RetrieveWithCredContext is Retrieve.
func (f *keyFiles) RetrieveWithCredContext(*credentials.CredContext) (credentials.Value, error) {
	return f.Retrieve()
}

// IsExpired reports whether a file was changed since it was read.
func (f *keyFiles) IsExpired() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed() != f.read
}

// changed returns when the files were changed. A file that is being replaced
// has no time, and is read again at the next request.
func (f *keyFiles) changed() (times [2]time.Time) {
	for i, name := range []string{f.access, f.secret} {
		if info, err := os.Stat(name); err == nil {
			times[i] = info.ModTime()
		}
	}
	return times
}

// readKey returns the first line of a key file without white space around it.
func readKey(name string) (string, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return "", model.Wrap(model.CodeInvalid, err, "reading a key of the file store")
	}
	key := strings.TrimSpace(string(content))
	if key == "" || strings.ContainsAny(key, "\r\n") {
		return "", model.Errorf(model.CodeInvalid, "the key file %s must have one line with the key", name)
	}
	return key, nil
}
