package auth_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/bcrypt"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/model"
)

// stored is a datastore's projects.
type stored map[string]*model.Project

func (s stored) GetProject(_ context.Context, id string) (*model.Project, error) {
	if id == "broken" {
		return nil, model.Wrap(model.CodeUnavailable, errors.New("locked"), "reading")
	}
	if p := s[id]; p != nil {
		return p, nil
	}
	return nil, model.Errorf(model.CodeNotFound, "project %q does not exist", id)
}

func admin(t *testing.T, password string) *model.StaticAdmin {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return &model.StaticAdmin{Username: "admin", PasswordHash: string(hash)}
}

func projects(t *testing.T) *auth.Projects {
	t.Helper()
	return auth.NewProjects(
		[]*model.Project{{ID: "both", StaticAdmin: admin(t, "configured")}},
		stored{"both": {ID: "both", StaticAdmin: admin(t, "stored")}, "stored": {ID: "stored", StaticAdmin: admin(t, "stored")}, "nobody": {ID: "nobody"}})
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	p, err := auth.NewPasswords(projects(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		project, username, password string
		want                        model.Code
	}{
		{"both", "admin", "configured", ""},
		{"both", "admin", "stored", model.CodeUnauthenticated}, // the configuration wins
		{"stored", "admin", "stored", ""},
		{"stored", "Admin", "stored", model.CodeUnauthenticated},
		{"nobody", "admin", "", model.CodeUnauthenticated},
		{"nowhere", "admin", "stored", model.CodeUnauthenticated},
		{"broken", "admin", "stored", model.CodeUnavailable},
	} {
		_, err := p.Check(t.Context(), auth.Login{ProjectID: test.project, Username: test.username, Password: test.password, Address: "a"})
		if got := model.CodeOf(err); got != test.want {
			t.Errorf("%+v: got %v", test, err)
		}
	}
	if l := (auth.Login{Password: "secret"}).LogValue().String(); strings.Contains(l, "secret") {
		t.Errorf("the log would hold the password: %s", l)
	}
}

func TestThrottle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, err := auth.NewPasswords(projects(t))
		if err != nil {
			t.Fatal(err)
		}
		auth.WithoutDummies(p)
		// attempts tries until it is refused, at most max times.
		attempts := func(username, address string, limit int) int {
			for i := range limit {
				_, err := p.Check(t.Context(), auth.Login{ProjectID: "stored", Username: username, Password: "x", Address: address})
				if model.CodeOf(err) == model.CodeExhausted {
					return i
				}
			}
			return limit
		}
		if got := attempts("admin", "1", 50); got != 10 {
			t.Errorf("the account was throttled after %d attempts", got)
		}
		if got := attempts("admin", "2", 5); got != 0 {
			t.Errorf("the account had %d attempts from another address", got)
		}
		if got := attempts("other", "1", 5); got != 5 {
			t.Errorf("another account had %d attempts", got)
		}
		time.Sleep(time.Minute) // virtual time
		if got := attempts("admin", "1", 50); got != 10 {
			t.Errorf("the account had %d attempts after a minute", got)
		}
		time.Sleep(6 * time.Second)
		if _, err := p.Check(t.Context(), auth.Login{ProjectID: "stored", Username: "admin", Password: "stored", Address: "1"}); err != nil {
			t.Errorf("the right password after a wait: %v", err)
		}
		if got := attempts("admin", "1", 50); got != 10 {
			t.Errorf("the account had %d attempts after a login", got)
		}
	})
}

func TestThrottleOfAnAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, err := auth.NewPasswords(auth.NewProjects(nil, stored{}))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for i := range 101 {
			_, err := p.Check(ctx, auth.Login{ProjectID: "broken", Username: strings.Repeat("x", i), Address: "1"})
			if want := i == 100; (model.CodeOf(err) == model.CodeExhausted) != want {
				t.Fatalf("attempt %d: %v", i, err)
			}
		}
	})
}

var sessionKey = []byte("0123456789abcdef0123456789abcdef")

// endedSessions is the part of a datastore that remembers who logged out.
type endedSessions map[string]time.Time

func (e endedSessions) EndSession(_ context.Context, id string, expiresAt time.Time) error {
	e[id] = expiresAt
	return nil
}

func (e endedSessions) SessionEnded(_ context.Context, id string) (bool, error) {
	_, ended := e[id]
	return ended, nil
}

func newSessions(key []byte, projects *auth.Projects) *auth.Sessions {
	return auth.NewSessions(auth.SessionOptions{Key: key, Projects: projects, Ended: endedSessions{}, Hub: new(notify.Hub), Insecure: true})
}

func TestLogoutEndsTheSessionEverywhere(t *testing.T) {
	t.Parallel()
	s := stored{"p": {ID: "p", StaticAdmin: admin(t, "x")}}
	sessions, ctx := newSessions(sessionKey, auth.NewProjects(nil, s)), t.Context()
	var headers [2][]string
	for i := range headers {
		cookie, _, err := sessions.Start("p", s["p"].StaticAdmin, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		headers[i] = []string{cookie.Name + "=" + cookie.Value}
	}
	user, err := sessions.Check(ctx, headers[0])
	if err != nil || user.SessionID == "" || time.Until(user.ExpiresAt) > auth.SessionLifetime {
		t.Fatalf("got %+v, %v", user, err)
	}
	if id, err := sessions.End(ctx, headers[0]); err != nil || id != user.SessionID {
		t.Errorf("ended %q, %v", id, err)
	}
	_, err = sessions.Check(ctx, headers[0])
	for _, err := range []error{err, sessions.Recheck(ctx, user)} {
		if model.CodeOf(err) != model.CodeUnauthenticated {
			t.Errorf("a copy of the cookie still opens the session: %v", err)
		}
	}
	if _, err := sessions.Check(ctx, headers[1]); err != nil {
		t.Errorf("the person's other session ended too: %v", err)
	}
	for _, none := range [][]string{nil, {"token=x"}, headers[0]} {
		if id, err := sessions.End(ctx, none); id != "" || err != nil {
			t.Errorf("logging out without a session: %q, %v", id, err)
		}
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := stored{"p": {ID: "p", StaticAdmin: admin(t, "x")}}
		sessions := newSessions(sessionKey, auth.NewProjects(nil, s))
		cookie, ends, err := sessions.Start("p", s["p"].StaticAdmin, time.Now())
		if err != nil || cookie.Secure || time.Until(ends) != auth.SessionLifetime {
			t.Fatalf("got %v, %s, %v", cookie, ends, err)
		}
		check := func(s *auth.Sessions) error {
			_, err := s.Check(t.Context(), []string{"a=b; " + cookie.Name + "=" + cookie.Value})
			return err
		}
		if err := check(sessions); err != nil {
			t.Error(err)
		}
		refused := func(what string, err error) {
			t.Helper()
			if model.CodeOf(err) != model.CodeUnauthenticated {
				t.Errorf("%s: got %v", what, err)
			}
		}
		refused("another key", check(newSessions([]byte("another key another key another!!"), auth.NewProjects(nil, s))))
		refused("project gone", check(newSessions(sessionKey, auth.NewProjects(nil, stored{}))))
		refused("login turned off", check(newSessions(sessionKey, auth.NewProjects(nil, stored{"p": {ID: "p"}}))))
		refused("another password", check(newSessions(sessionKey, auth.NewProjects(nil, stored{"p": {ID: "p", StaticAdmin: admin(t, "y")}}))))
		time.Sleep(auth.SessionLifetime + time.Second) // virtual time
		refused("too old", check(sessions))
	})
}

// TestSessionsOfAnotherClock: a session that a server made whose clock is ahead
// or behind counts at once, and not an hour too early.
func TestSessionsOfAnotherClock(t *testing.T) {
	t.Parallel()
	s := stored{"p": {ID: "p", StaticAdmin: admin(t, "x")}}
	sessions := newSessions(sessionKey, auth.NewProjects(nil, s))
	for off, want := range map[time.Duration]model.Code{
		5 * time.Minute: "", -5 * time.Minute: "", time.Hour: model.CodeUnauthenticated, -auth.SessionLifetime: model.CodeUnauthenticated,
	} {
		cookie, _, err := sessions.Start("p", s["p"].StaticAdmin, time.Now().Add(off))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sessions.Check(t.Context(), []string{cookie.Name + "=" + cookie.Value}); model.CodeOf(err) != want {
			t.Errorf("made at %s from now: %v", off, err)
		}
	}
}

func FuzzSession(f *testing.F) {
	s := stored{"p": {ID: "p", StaticAdmin: &model.StaticAdmin{Username: "admin", PasswordHash: "x"}}}
	sessions := newSessions(sessionKey, auth.NewProjects(nil, s))
	other := newSessions([]byte("another key another key another!!"), auth.NewProjects(nil, s))
	cookie, _, err := other.Start("p", s["p"].StaticAdmin, time.Now())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(cookie.Name + "=" + cookie.Value)
	f.Add("token=eyJhbGciOiJub25lIn0.e30.")
	f.Add(";=;token")
	f.Fuzz(func(t *testing.T, header string) {
		if u, err := sessions.Check(t.Context(), []string{header}); err == nil {
			t.Fatalf("%q is a session of %v", header, u)
		}
	})
}

func TestKeyFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	// Several processes that start at once use one key.
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		keys = map[string]bool{}
		made int
	)
	for range 8 {
		all.Go(func() {
			key, created, err := auth.LoadOrCreateKey(path)
			if err != nil || len(key) < 32 {
				t.Errorf("got %d bytes, %v", len(key), err)
			}
			mu.Lock()
			defer mu.Unlock()
			keys[string(key)] = true
			if created {
				made++
			}
		})
	}
	all.Wait()
	if len(keys) != 1 || made == 0 {
		t.Errorf("got %d keys, %d made", len(keys), made)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".key-*")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	short := filepath.Join(dir, "short")
	if err := os.WriteFile(short, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{short, dir, filepath.Join(dir, "absent")} {
		if _, err := auth.LoadKey(p); model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), p) {
			t.Errorf("%s: got %v", p, err)
		}
	}
	if _, _, err := auth.LoadOrCreateKey(short); err == nil {
		t.Error("a short key was accepted")
	}
}

func TestHashPassword(t *testing.T) {
	t.Parallel()
	hash, err := auth.HashPassword("x")
	if err != nil || bcrypt.CompareHashAndPassword([]byte(hash), []byte("x")) != nil {
		t.Errorf("got %q, %v", hash, err)
	}
	for _, bad := range []string{"", strings.Repeat("x", 73)} {
		if _, err := auth.HashPassword(bad); model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("%d bytes: got %v", len(bad), err)
		}
	}
	if first, second := auth.NewPassword(), auth.NewPassword(); first == second {
		t.Error("passwords repeat")
	}
}
