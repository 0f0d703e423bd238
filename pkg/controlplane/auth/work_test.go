package auth

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"pipecd/pkg/model"
)

type noProjects struct{}

func (noProjects) GetProject(_ context.Context, id string) (*model.Project, error) {
	return nil, model.Errorf(model.CodeNotFound, "project %q does not exist", id)
}

// Every login does the same work, whatever is wrong with it and whatever its
// account's hash costs.
func TestEveryLoginDoesTheSameWork(t *testing.T) {
	t.Parallel()
	hashOf := func(cost int) *model.StaticAdmin {
		hash, err := bcrypt.GenerateFromPassword([]byte("right"), cost)
		if err != nil {
			t.Fatal(err)
		}
		return &model.StaticAdmin{Username: "admin", PasswordHash: string(hash)}
	}
	p, err := NewPasswords(NewProjects([]*model.Project{
		{ID: "cheap", StaticAdmin: hashOf(4)}, {ID: "usual", StaticAdmin: hashOf(6)}, {ID: "dear", StaticAdmin: hashOf(11)},
		{ID: "none"}, {ID: "odd", StaticAdmin: &model.StaticAdmin{Username: "admin", PasswordHash: "not a hash"}},
	}, noProjects{}))
	if err != nil {
		t.Fatal(err)
	}
	work := 0
	p.compare = func(hash, password []byte) error {
		cost, err := bcrypt.Cost(hash)
		if err != nil {
			t.Errorf("%q was compared: %v", hash, err)
		}
		work += 1 << cost
		if string(password) == "right" {
			return nil
		}
		return bcrypt.ErrMismatchedHashAndPassword
	}
	long := fmt.Sprintf("%073d", 0)
	for i, l := range []Login{
		{ProjectID: "cheap", Username: "admin", Password: "wrong"},
		{ProjectID: "usual", Username: "admin", Password: "wrong"},
		{ProjectID: "dear", Username: "admin", Password: "wrong"},
		{ProjectID: "dear", Username: "admin", Password: long},
		{ProjectID: "dear", Username: "nobody", Password: "wrong"},
		{ProjectID: "nowhere", Username: "admin", Password: "wrong"},
		{ProjectID: "nowhere", Username: "admin", Password: "right"},
		{ProjectID: "none", Username: "admin", Password: "right"},
		{ProjectID: "odd", Username: "admin", Password: "right"},
		{ProjectID: "cheap", Username: "admin", Password: "right"},
	} {
		work, l.Address = 0, strconv.Itoa(i)
		_, err := p.Check(t.Context(), l)
		if want := l.ProjectID == "cheap" && l.Password == "right"; (err == nil) != want {
			t.Errorf("%s: %v", l.LogValue(), err)
		}
		if want := 1 << 11; work != want {
			t.Errorf("%s took %d steps of work, others %d", l.LogValue(), work, want)
		}
	}
}

// The hashes that no password has are hashes.
func TestDummies(t *testing.T) {
	t.Parallel()
	p, err := NewPasswords(NewProjects(nil, noProjects{}))
	if err != nil {
		t.Fatal(err)
	}
	for cost := bcrypt.MinCost; cost <= PasswordCost; cost++ {
		if got, err := bcrypt.Cost(p.dummies[cost]); err != nil || got != cost {
			t.Errorf("cost %d: got %d, %v", cost, got, err)
		}
	}
	if err := bcrypt.CompareHashAndPassword(p.dummies[bcrypt.MinCost+1], nil); err != bcrypt.ErrMismatchedHashAndPassword { //nolint:errorlint // this very one
		t.Errorf("got %v", err)
	}
}
