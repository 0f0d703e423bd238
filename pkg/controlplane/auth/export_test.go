package auth

import "golang.org/x/crypto/bcrypt"

// WithoutDummies makes the checks of a test cost what its accounts' hashes cost,
// which is little: what the dummies are for has a test of its own.
func WithoutDummies(p *Passwords) {
	p.compare = func(hash, password []byte) error {
		if cost, err := bcrypt.Cost(hash); err != nil || cost > bcrypt.MinCost {
			return bcrypt.ErrMismatchedHashAndPassword
		}
		return bcrypt.CompareHashAndPassword(hash, password)
	}
}
