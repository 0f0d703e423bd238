package webhook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"pipecd/pkg/model"
)

// Limits of the file with the secrets.
const (
	minSecretLength = 16
	maxSecrets      = 16 // each is tried with every delivery
	maxSecretFile   = 64 << 10
)

// Headers by which a host proves that it knows the secret.
const (
	headerSignature = "X-Hub-Signature-256" // GitHub: sha256= and the HMAC of the body
	headerToken     = "X-Gitlab-Token"      //nolint:gosec // GitLab: the header that holds the secret, not the secret
)

// Secrets are what hosts share with the control plane. Any of them is as good
// as another, so that a new one can be added before an old one is removed.
type Secrets struct {
	all [][]byte
}

// ReadSecrets reads a file with one secret on each line. CodeInvalid says what
// is wrong with its content, never the content. With an empty file nothing is
// genuine.
func ReadSecrets(path string) (_ *Secrets, err error) {
	f, err := os.Open(path) // The operator names the file; opening it is the purpose.
	if err != nil {
		return nil, model.Wrap(model.CodeNotFound, err, "reading the secrets of webhooks")
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil {
		return nil, model.Wrap(model.CodeNotFound, err, "reading the secrets of webhooks")
	}
	if len(data) > maxSecretFile {
		return nil, model.Errorf(model.CodeInvalid, "the file is larger than %d bytes, which no list of secrets should be", maxSecretFile)
	}
	return parseSecrets(data)
}

func parseSecrets(data []byte) (*Secrets, error) {
	s := &Secrets{}
	number := 0
	for line := range bytes.Lines(data) {
		number++
		switch secret := bytes.TrimSpace(line); {
		case len(secret) == 0:
		case len(secret) < minSecretLength:
			return nil, model.Errorf(model.CodeInvalid, "the secret on line %d has %d characters; at least %d are needed", number, len(secret), minSecretLength)
		default:
			s.all = append(s.all, secret)
		}
	}
	if len(s.all) > maxSecrets {
		return nil, model.Errorf(model.CodeInvalid, "the file holds %d secrets; at most %d are used at once", len(s.all), maxSecrets)
	}
	return s, nil
}

// String tells how many there are, so that no secret is printed by mistake.
func (s *Secrets) String() string { return fmt.Sprintf("%d secrets", len(s.all)) }

// GoString is String.
func (s *Secrets) GoString() string { return s.String() }

// signs reports whether the headers say anything about a secret at all.
func signs(h http.Header) bool { return h.Get(headerSignature) != "" || h.Get(headerToken) != "" }

// sign reports whether whoever sent the body with these headers knows one of
// the secrets. It takes the same time whichever is right, or none.
func (s *Secrets) sign(h http.Header, body []byte) bool {
	if given := h.Get(headerSignature); given != "" {
		return s.match(decodeSignature(given), func(secret []byte) []byte {
			mac := hmac.New(sha256.New, secret)
			_, _ = mac.Write(body) // never returns an error
			return mac.Sum(nil)
		})
	}
	// The digests are compared, because the length of a secret is nobody's business either.
	digest := func(text []byte) []byte {
		sum := sha256.Sum256(text)
		return sum[:]
	}
	return s.match(digest([]byte(h.Get(headerToken))), digest)
}

func (s *Secrets) match(given []byte, expected func(secret []byte) []byte) bool {
	found := 0
	for _, secret := range s.all {
		found |= subtle.ConstantTimeCompare(given, expected(secret))
	}
	return found == 1
}

// decodeSignature returns nil, which no signature equals, for what is none.
func decodeSignature(text string) []byte {
	digits, ok := strings.CutPrefix(text, "sha256=")
	if !ok {
		return nil
	}
	sum, err := hex.DecodeString(digits)
	if err != nil {
		return nil
	}
	return sum
}
