package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
)

// KeySize is the randomness of a key in bytes.
const KeySize = 32

const hashPrefix = "sha256$"

// NewKey returns a new secret key: KeySize random bytes as base64 for URLs
// without padding, so it holds no comma and no space.
func NewKey() string {
	var raw [KeySize]byte
	// crypto/rand.Read never returns an error: the program ends if the system
	// has no randomness.
	_, _ = rand.Read(raw[:])
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// HashKey returns what is kept of a key: "sha256$" and the digest in lower-case
// hex.
func HashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hashPrefix + hex.EncodeToString(sum[:])
}

// VerifyKey reports whether hash is that of key. The time it takes depends on
// neither. A hash of another form matches nothing.
func VerifyKey(hash, key string) bool {
	return subtle.ConstantTimeCompare([]byte(hash), []byte(HashKey(key))) == 1
}
