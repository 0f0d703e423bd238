package auth_test

import (
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/model"
)

// attempts returns how many wrong passwords are taken, and how long to wait then.
func attempts(t *testing.T, p *auth.Passwords, address string, limit int) (int, time.Duration) {
	t.Helper()
	for i := range limit {
		_, err := p.Check(t.Context(), auth.Login{ProjectID: "stored", Username: "admin", Password: "x", Address: address})
		if model.CodeOf(err) == model.CodeExhausted {
			return i, auth.RetryAfter(err)
		}
	}
	return limit, 0
}

// Who guesses does not lock the owner out: from where the account was opened
// before, it has attempts of its own.
func TestThrottleLetsTheOwnerIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, err := auth.NewPasswords(projects(t))
		if err != nil {
			t.Fatal(err)
		}
		auth.WithoutDummies(p)
		logIn := func(address string) error {
			_, err := p.Check(t.Context(), auth.Login{ProjectID: "stored", Username: "admin", Password: "stored", Address: address})
			return err
		}
		if err := logIn("10.0.0.1"); err != nil {
			t.Fatal(err)
		}
		if n, wait := attempts(t, p, "192.0.2.1", 50); n != 10 || wait != 7*time.Second && wait != 6*time.Second {
			t.Errorf("%d guesses, then %s", n, wait)
		}
		if err := logIn("10.0.0.1"); err != nil {
			t.Errorf("the owner is locked out: %v", err)
		}
		if err := logIn("192.0.2.1"); model.CodeOf(err) != model.CodeExhausted {
			// A login elsewhere gave the account a new start; who guesses has it too.
			if n, _ := attempts(t, p, "192.0.2.1", 50); n > 10 {
				t.Errorf("%d more guesses", n)
			}
		}
		if n, _ := attempts(t, p, "10.0.0.1", 50); n != 10 {
			t.Errorf("%d guesses from where the owner was", n)
		}
	})
}

// A household with addresses of version 6 has very many of them.
func TestThrottleOfANetwork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, err := auth.NewPasswords(projects(t))
		if err != nil {
			t.Fatal(err)
		}
		auth.WithoutDummies(p)
		try := func(i int, address string) error {
			// A project that cannot be looked up costs no bcrypt.
			_, err := p.Check(t.Context(), auth.Login{ProjectID: "broken", Username: string(rune('a' + i)), Address: address})
			return err
		}
		for i := range 100 {
			if err := try(i, "2001:db8::"+string(rune('1'+i%9))); model.CodeOf(err) == model.CodeExhausted {
				t.Fatalf("after %d: %v", i, err)
			}
		}
		if err := try(100, "2001:db8::ffff"); model.CodeOf(err) != model.CodeExhausted || auth.RetryAfter(err) <= 0 {
			t.Errorf("another address of the household: %v", err)
		}
		for _, other := range []string{"2001:db8:0:1::1", "192.0.2.1", "not an address"} {
			if err := try(100, other); model.CodeOf(err) == model.CodeExhausted {
				t.Errorf("%s: %v", other, err)
			}
		}
	})
}
