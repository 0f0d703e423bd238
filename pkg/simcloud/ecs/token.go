package ecs

import (
	"crypto/sha256"

	"pipecd/pkg/simcloud/wire"
)

// tokenKey is where a client token counts: tokens of different operations or
// services do not meet.
type tokenKey struct{ operation, scope, token string }

// tokenUse is what a token did.
type tokenUse struct {
	request [sha256.Size]byte
	result  []string // ARNs
}

// fingerprint identifies a request with all its parameters.
func fingerprint(in any) [sha256.Size]byte {
	text, err := wire.Encode(in)
	if err != nil { // an input of the SDK always has a form
		text = []byte(err.Error())
	}
	return sha256.Sum256(text)
}

// tokenRule checks a token: printable ASCII without spaces.
func tokenRule(token *string, limit int) error {
	if token == nil {
		return nil
	}
	if len(*token) > limit {
		return invalid("clientToken can be at most %d characters long.", limit)
	}
	for _, c := range []byte(*token) {
		if c < '!' || c > '~' {
			return invalid("clientToken contains invalid characters.")
		}
	}
	return nil
}
