package auth

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"pipecd/pkg/model"
)

// minKeyLength is how long a key file must at least be, in bytes: what HS256
// needs.
const minKeyLength = 32

// maxKeyLength bounds what is read.
const maxKeyLength = 64 << 10

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never returns an error
	return b
}

// NewPassword returns a random password of 24 characters.
func NewPassword() string { return base64.RawURLEncoding.EncodeToString(randomBytes(18)) }

// LoadKey returns the whole content of the key file that signs sessions.
func LoadKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if err != nil {
		return nil, model.Errorf(model.CodeInvalid, "the encryption key file cannot be read: %w; make one with `openssl rand -base64 48`", err)
	}
	if len(key) < minKeyLength || len(key) > maxKeyLength {
		return nil, model.Errorf(model.CodeInvalid,
			"the encryption key file %s holds %d bytes; at least %d and at most %d are needed: make one with `openssl rand -base64 48`", path, len(key), minKeyLength, maxKeyLength)
	}
	return key, nil
}

// ExposedKey returns a sentence if others than its owner and its group may read
// the key file, or others than its owner may change it; "" when all is well. It
// does not refuse: volumes that containers get their secrets from often have
// such modes.
func ExposedKey(path string) string {
	const others, change = 0o004, 0o022
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&(others|change) == 0 {
		return ""
	}
	return fmt.Sprintf("the encryption key file %s has mode %04o: other users of the machine may use it, and whoever has the key can log in as anybody; "+
		"chmod 600 it, or mount it with defaultMode 0400", path, info.Mode().Perm())
}

// LoadOrCreateKey is LoadKey, but makes the file with random content and mode
// 0600 when it is not there.
func LoadOrCreateKey(path string) (key []byte, created bool, err error) {
	key, err = LoadKey(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return key, false, err
	}
	if err := createKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, false, model.Errorf(model.CodeInvalid, "the encryption key file cannot be made: %w", err)
	}
	key, err = LoadKey(path)
	return key, err == nil, err
}

// createKey makes the file whole or not at all: another process that starts at
// the same moment must not read half of it.
func createKey(path string) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(tmp.Name())) }()
	_, err = tmp.WriteString(base64.StdEncoding.EncodeToString(randomBytes(48)) + "\n")
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	return os.Link(tmp.Name(), path)
}
