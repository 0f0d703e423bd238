package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"pipecd/pkg/controlplane/memo"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/model"
)

const (
	// SessionCookie is the cookie that holds the session.
	SessionCookie = "token"
	// SessionLifetime is how long a session lasts after the login.
	SessionLifetime = 7 * 24 * time.Hour

	issuer     = "pipecd"
	maxSession = 4096 // bytes of a token that is parsed

	// clockLeeway is how far the clocks of the servers that make and check a
	// session may be apart. When it ends is checked by Recheck, without leeway.
	clockLeeway = 15 * time.Minute
)

// User is a person who is logged in.
type User struct {
	Username  string
	ProjectID string
	// SessionID names the session, ExpiresAt is when it ends by itself.
	SessionID string
	ExpiresAt time.Time

	fingerprint string
}

// LogValue says who did something.
func (u User) LogValue() slog.Value {
	return slog.GroupValue(slog.String("project", u.ProjectID), slog.String("user", u.Username))
}

type claims struct {
	jwt.RegisteredClaims

	ProjectID   string `json:"prj"`
	Fingerprint string `json:"pwd"`
}

// sessionStore is what is needed of the datastore.
type sessionStore interface {
	EndSession(ctx context.Context, id string, expiresAt time.Time) error
	SessionEnded(ctx context.Context, id string) (bool, error)
}

// Sessions makes, checks and ends sessions.
type Sessions struct {
	key      []byte
	projects *Projects
	ended    sessionStore
	lasting  *memo.Memo[struct{}] // sessions that were found to last
	insecure bool
}

// SessionOptions is what NewSessions needs.
type SessionOptions struct {
	Key      []byte // signs the sessions
	Projects *Projects
	Ended    sessionStore // remembers who logged out
	Hub      *notify.Hub  // tells of ended sessions and changed projects
	Insecure bool         // the cookie also travels over plain HTTP
}

// NewSessions returns sessions signed with the key.
func NewSessions(o SessionOptions) *Sessions {
	return &Sessions{key: o.Key, projects: o.Projects, ended: o.Ended, lasting: memo.New[struct{}](o.Hub, 0), insecure: o.Insecure}
}

// Start returns the cookie of a new session that begins at now, and its end.
func (s *Sessions) Start(projectID string, admin *model.StaticAdmin, now time.Time) (*http.Cookie, time.Time, error) {
	ends := now.Add(SessionLifetime)
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			ID:        rand.Text(),
			Issuer:    issuer,
			Subject:   admin.Username,
			IssuedAt:  jwt.NewNumericDate(now),
			NotBefore: jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(ends),
		},
		ProjectID:   projectID,
		Fingerprint: fingerprint(admin),
	})
	signed, err := token.SignedString(s.key)
	if err != nil {
		return nil, time.Time{}, model.Wrap(model.CodeInternal, err, "signing a session")
	}
	return s.cookie(signed, int(SessionLifetime/time.Second)), ends, nil
}

// Forget returns the cookie that makes a browser forget the session.
func (s *Sessions) Forget() *http.Cookie { return s.cookie("", -1) }

// End ends the session that the values of the Cookie header hold, wherever else
// it is kept, and returns its id. There is none, and nothing to end, when the
// session is not valid.
func (s *Sessions) End(ctx context.Context, cookieHeaders []string) (id string, err error) {
	user, err := s.Check(ctx, cookieHeaders)
	switch {
	case model.CodeOf(err) == model.CodeUnauthenticated:
		return "", nil
	case err != nil:
		return "", err
	}
	err = s.ended.EndSession(ctx, user.SessionID, user.ExpiresAt)
	s.lasting.Drop(user.memoKey())
	return user.SessionID, err
}

func (s *Sessions) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure is off only for who asked for it with --insecure-cookie
		Name: SessionCookie, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: !s.insecure, SameSite: http.SameSiteStrictMode,
	}
}

func refused() error {
	return model.Errorf(model.CodeUnauthenticated, "you are not logged in, or your session has ended; log in")
}

// Check returns whose session the values of the Cookie header hold.
// CodeUnauthenticated for every reason.
func (s *Sessions) Check(ctx context.Context, cookieHeaders []string) (User, error) {
	request := http.Request{Header: http.Header{"Cookie": cookieHeaders}}
	cookie, err := request.Cookie(SessionCookie)
	if err != nil || cookie.Value == "" || len(cookie.Value) > maxSession {
		return User{}, refused()
	}
	var c claims
	_, err = jwt.ParseWithClaims(cookie.Value, &c, func(*jwt.Token) (any, error) { return s.key, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithIssuer(issuer), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(clockLeeway))
	if err != nil || c.ID == "" {
		return User{}, refused()
	}
	user := User{
		Username: c.Subject, ProjectID: c.ProjectID, SessionID: c.ID, ExpiresAt: c.ExpiresAt.Time, fingerprint: c.Fingerprint,
	}
	if !time.Now().Before(user.ExpiresAt) {
		return User{}, refused()
	}
	_, err = s.lasting.Get(ctx, user.memoKey(), func(ctx context.Context) (struct{}, error) { return struct{}{}, s.Recheck(ctx, user) },
		notify.Session(user.SessionID), notify.Project(user.ProjectID))
	if err != nil {
		return User{}, err
	}
	return user, nil
}

// Recheck returns nil as long as the session lasts: for streams, which are
// opened once and last. Other than Check it always asks the datastore. CodeUnauthenticated when it expired, somebody logged
// out, or the password was changed.
func (s *Sessions) Recheck(ctx context.Context, u User) error {
	if !time.Now().Before(u.ExpiresAt) {
		return refused()
	}
	project, err := s.projects.Get(ctx, u.ProjectID)
	switch {
	case model.CodeOf(err) == model.CodeNotFound:
		return refused()
	case err != nil:
		return model.Wrap(model.CodeOf(err), err, "looking up the session's project")
	case project.StaticAdmin == nil || !sameText(fingerprint(project.StaticAdmin), u.fingerprint):
		return refused()
	}
	ended, err := s.ended.SessionEnded(ctx, u.SessionID)
	if err != nil {
		return model.Wrap(model.CodeOf(err), err, "looking up the session")
	}
	if ended {
		return refused()
	}
	return nil
}

// memoKey is under what it is remembered that the session lasts.
func (u User) memoKey() string { return u.SessionID + u.fingerprint }

type userKey struct{}

// WithUser returns a context that says who is logged in.
func WithUser(ctx context.Context, u User) context.Context {
	return context.WithValue(ctx, userKey{}, u)
}

// UserFrom returns who is logged in. It fails only if the call came past the
// check, which is a defect.
func UserFrom(ctx context.Context) (User, error) {
	u, ok := ctx.Value(userKey{}).(User)
	if !ok {
		return User{}, model.Wrap(model.CodeInternal, errors.New("the context holds no user"), "checking the session")
	}
	return u, nil
}
