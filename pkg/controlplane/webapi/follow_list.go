package webapi

import (
	"context"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// followList follows a list of the project.
type followList struct {
	service *Service
	user    auth.User
	waker   notify.Topic
	of      []datastore.Noun // what a row shows
	known   map[datastore.Noun]datastore.ListRevision
}

func newFollowList(s *Service, user auth.User, list webv1.ListTopic_List) (*followList, error) {
	f := &followList{service: s, user: user}
	switch list {
	case webv1.ListTopic_LIST_APPLICATIONS:
		f.waker = notify.ApplicationList(user.ProjectID)
		f.of = []datastore.Noun{datastore.NounApplication, datastore.NounDeployment, datastore.NounPiped}
	case webv1.ListTopic_LIST_DEPLOYMENTS:
		f.waker, f.of = notify.DeploymentList(user.ProjectID), []datastore.Noun{datastore.NounDeployment}
	case webv1.ListTopic_LIST_PIPEDS:
		f.waker, f.of = notify.PipedList(user.ProjectID), []datastore.Noun{datastore.NounPiped}
	default: // LIST_UNSPECIFIED too
		return nil, model.Errorf(model.CodeInvalid, "there is no list %s", list)
	}
	return f, nil
}

func (f *followList) wakers() []notify.Topic { return []notify.Topic{f.waker} }

func (f *followList) needs(g *glance) {
	for _, noun := range f.of {
		g.needList(noun)
	}
}

// differs takes the first glance as what the client knows.
func (f *followList) differs(g *glance) bool {
	if f.known == nil {
		f.known = f.marksOf(g)
		return false
	}
	for _, noun := range f.of {
		if g.marks[noun] != f.known[noun] {
			return true
		}
	}
	return false
}

func (f *followList) marksOf(g *glance) map[datastore.Noun]datastore.ListRevision {
	marks := make(map[datastore.Noun]datastore.ListRevision, len(f.of))
	for _, noun := range f.of {
		marks[noun] = g.marks[noun]
	}
	return marks
}

// look has a word to say whatever it finds: that there is something is why it
// was asked.
func (f *followList) look(ctx context.Context) (seen, error) {
	g := newGlance(f.service.clock.Now())
	f.needs(g)
	if err := g.find(ctx, f.service.store, f.user.ProjectID); err != nil {
		return seen{}, err
	}
	f.known = f.marksOf(g)
	return seen{event: &webv1.SubscribeResponse{Event: &webv1.SubscribeResponse_List{List: &webv1.ListChange{}}}}, nil
}
