package auth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"log/slog"

	"golang.org/x/crypto/bcrypt"

	"pipecd/pkg/model"
)

// PasswordCost is the bcrypt cost of the hashes made here.
const PasswordCost = 10

// MaxPasswordLength is what bcrypt looks at, in bytes; a longer password is
// refused when it is set, because its tail would not count.
const MaxPasswordLength = 72

// HashPassword returns the bcrypt hash of a new password.
func HashPassword(password string) (string, error) {
	if password == "" {
		return "", model.Errorf(model.CodeInvalid, "the password is empty")
	}
	if len(password) > MaxPasswordLength {
		return "", model.Errorf(model.CodeInvalid, "the password is %d bytes long; bcrypt takes at most %d", len(password), MaxPasswordLength)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), PasswordCost)
	if err != nil {
		return "", model.Wrap(model.CodeInternal, err, "hashing a password")
	}
	return string(hash), nil
}

// projectStore is what is needed of the datastore.
type projectStore interface {
	GetProject(ctx context.Context, id string) (*model.Project, error)
}

// Projects finds projects: those of the configuration file first, then those of
// the datastore.
type Projects struct {
	configured map[string]*model.Project
	store      projectStore
}

// NewProjects returns the projects of both places.
func NewProjects(configured []*model.Project, store projectStore) *Projects {
	p := &Projects{configured: make(map[string]*model.Project, len(configured)), store: store}
	for _, c := range configured {
		p.configured[c.ID] = c
	}
	return p
}

// Get returns a project, which must not be changed. CodeNotFound.
func (p *Projects) Get(ctx context.Context, id string) (*model.Project, error) {
	if c := p.configured[id]; c != nil {
		return c, nil
	}
	return p.store.GetProject(ctx, id)
}

// maxDummyCost keeps a hash of an absurd cost in the configuration from holding
// up the start.
const maxDummyCost = 14

// passwordCost returns the highest bcrypt cost among the configured projects and
// those that are made here, so that a login to what does not exist takes no less
// time than one to what does.
func (p *Projects) passwordCost() int {
	highest := 0
	for _, c := range p.configured {
		if c.StaticAdmin == nil {
			continue
		}
		if cost, err := bcrypt.Cost([]byte(c.StaticAdmin.PasswordHash)); err == nil {
			highest = max(highest, cost)
		}
	}
	return min(max(highest, PasswordCost), maxDummyCost)
}

// Login is an attempt to log in.
type Login struct {
	ProjectID string
	Username  string
	Password  string
	Address   string // where the attempt comes from: the IP address
}

// LogValue leaves the password out.
func (l Login) LogValue() slog.Value {
	return slog.GroupValue(slog.String("project", claimed(l.ProjectID)), slog.String("username", claimed(l.Username)), slog.String("address", l.Address))
}

// Passwords checks passwords.
type Passwords struct {
	projects *Projects
	throttle *throttle
	cost     int            // of every check, whatever is checked
	dummies  map[int][]byte // by cost: hashes that no password has
	compare  func(hash, password []byte) error
}

// NewPasswords returns a checker for the projects' accounts.
func NewPasswords(projects *Projects) (*Passwords, error) {
	p := &Passwords{projects: projects, throttle: newThrottle(), cost: projects.passwordCost(), compare: bcrypt.CompareHashAndPassword}
	// Nobody is told its password. The cost is part of a hash's text, so that one
	// makes the others.
	hash, err := bcrypt.GenerateFromPassword(randomBytes(16), bcrypt.MinCost)
	if err != nil {
		return nil, model.Wrap(model.CodeInternal, err, "preparing the login")
	}
	p.dummies = make(map[int][]byte, p.cost)
	for cost := bcrypt.MinCost; cost <= p.cost; cost++ {
		p.dummies[cost] = bytes.Replace(hash, fmt.Appendf(nil, "$%02d$", bcrypt.MinCost), fmt.Appendf(nil, "$%02d$", cost), 1)
	}
	return p, nil
}

// matches compares, and takes as long for a hash that costs little, or is none,
// as for one of the highest cost: the time would tell what exists. Each step of
// the cost doubles the work, so a hash is made up for by dummies of its own cost
// and of each above it but the last.
func (p *Passwords) matches(hash string, password []byte) bool {
	cost, err := bcrypt.Cost([]byte(hash))
	if err != nil {
		_ = p.compare(p.dummies[p.cost], password) // for the time it takes
		return false
	}
	err = p.compare([]byte(hash), password)
	for ; cost < p.cost; cost++ {
		_ = p.compare(p.dummies[cost], password)
	}
	return err == nil
}

// Check returns the account that the password opens. CodeUnauthenticated, with
// one sentence for every reason; CodeExhausted after too many attempts.
func (p *Passwords) Check(ctx context.Context, l Login) (*model.StaticAdmin, error) {
	account := l.ProjectID + "\x00" + l.Username
	if err := p.throttle.attempt(account, l.Address); err != nil {
		return nil, err
	}
	project, err := p.projects.Get(ctx, l.ProjectID)
	if err != nil && model.CodeOf(err) != model.CodeNotFound {
		return nil, fmt.Errorf("looking up the project of a login: %w", err)
	}
	hash, admin := "", (*model.StaticAdmin)(nil)
	if project != nil && project.StaticAdmin != nil && sameText(project.StaticAdmin.Username, l.Username) {
		admin = project.StaticAdmin
		hash = admin.PasswordHash
	}
	password := []byte(l.Password)
	if len(password) > MaxPasswordLength {
		password, admin = password[:MaxPasswordLength], nil // compared all the same: for the time it takes
	}
	if !p.matches(hash, password) || admin == nil {
		return nil, model.Errorf(model.CodeUnauthenticated, "the project, the user name or the password is wrong")
	}
	p.throttle.succeeded(account, l.Address)
	return admin, nil
}

// sameText compares without telling by its time where the texts differ.
func sameText(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// fingerprint changes when the password does. It is short, because it goes into
// every cookie, and tells nothing about the hash that would help an attacker
// who has neither.
func fingerprint(admin *model.StaticAdmin) string {
	sum := sha256.Sum256([]byte(admin.Username + "\x00" + admin.PasswordHash))
	return hex.EncodeToString(sum[:8])
}
