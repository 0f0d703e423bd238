package auth

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"pipecd/pkg/model"
)

const (
	// SessionCookie is the cookie that holds the session.
	SessionCookie = "token"
	// SessionLifetime is how long a session lasts after the login.
	SessionLifetime = 7 * 24 * time.Hour

	issuer     = "pipecd"
	maxSession = 4096 // bytes of a token that is parsed
)

// User is a person who is logged in.
type User struct {
	Username  string
	ProjectID string
}

type claims struct {
	jwt.RegisteredClaims

	ProjectID   string `json:"prj"`
	Fingerprint string `json:"pwd"`
}

// Sessions makes and checks sessions.
type Sessions struct {
	key      []byte
	projects *Projects
	insecure bool
}

// NewSessions returns sessions signed with key. With insecureCookie the cookie
// also travels over plain HTTP.
func NewSessions(key []byte, projects *Projects, insecureCookie bool) *Sessions {
	return &Sessions{key: key, projects: projects, insecure: insecureCookie}
}

// Start returns the cookie of a new session that begins at now, and its end.
func (s *Sessions) Start(projectID string, admin *model.StaticAdmin, now time.Time) (*http.Cookie, time.Time, error) {
	ends := now.Add(SessionLifetime)
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
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

// End returns the cookie that makes a browser forget the session.
func (s *Sessions) End() *http.Cookie { return s.cookie("", -1) }

func (s *Sessions) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{
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
		jwt.WithIssuer(issuer), jwt.WithExpirationRequired(), jwt.WithIssuedAt())
	if err != nil {
		return User{}, refused()
	}
	project, err := s.projects.Get(ctx, c.ProjectID)
	switch {
	case model.CodeOf(err) == model.CodeNotFound:
		return User{}, refused()
	case err != nil:
		return User{}, model.Wrap(model.CodeOf(err), err, "looking up the session's project")
	case project.StaticAdmin == nil || !sameText(fingerprint(project.StaticAdmin), c.Fingerprint):
		return User{}, refused()
	}
	return User{Username: c.Subject, ProjectID: c.ProjectID}, nil
}

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
