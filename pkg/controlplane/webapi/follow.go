package webapi

import (
	"context"
	"time"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// followDeployment follows a deployment.
type followDeployment struct {
	service *Service
	id      string
	sent    time.Time // when what was sent had changed
}

func (f *followDeployment) wakers() []notify.Topic { return []notify.Topic{notify.Deployment(f.id)} }
func (f *followDeployment) needs(g *glance)        { g.need(datastore.NounDeployment, f.id) }
func (f *followDeployment) differs(g *glance) bool {
	return !g.revision(datastore.NounDeployment, f.id).UpdatedAt.Equal(f.sent)
}

func (f *followDeployment) look(ctx context.Context) (seen, error) {
	d, err := f.service.deployment(ctx, f.id)
	if err != nil || d.UpdatedAt.Equal(f.sent) {
		return seen{}, err
	}
	f.sent = d.UpdatedAt
	d.HidePrivate()
	return seen{event: &webv1.SubscribeResponse{
		Event: &webv1.SubscribeResponse_Deployment{Deployment: convert.DeploymentToPB(d)},
	}}, nil
}

// followCommand follows a command until it was answered.
type followCommand struct {
	service *Service
	user    auth.User
	id      string
	sent    time.Time
}

func (f *followCommand) wakers() []notify.Topic { return []notify.Topic{notify.Command(f.id)} }
func (f *followCommand) needs(g *glance)        { g.need(datastore.NounCommand, f.id) }
func (f *followCommand) differs(g *glance) bool {
	return !g.revision(datastore.NounCommand, f.id).UpdatedAt.Equal(f.sent)
}

func (f *followCommand) look(ctx context.Context) (seen, error) {
	c, err := f.service.command(ctx, f.user, f.id)
	if err != nil || c.UpdatedAt.Equal(f.sent) {
		return seen{}, err
	}
	f.sent = c.UpdatedAt
	return seen{
		event: &webv1.SubscribeResponse{Event: &webv1.SubscribeResponse_Command{Command: convert.CommandToPB(c)}},
		done:  c.Status != model.CommandNotHandled,
	}, nil
}

// followPiped follows an agent.
type followPiped struct {
	service *Service
	user    auth.User
	id      string
	sent    pipedMark
}

// pipedMark is what of an agent is worth an event. Each sign of life is not.
type pipedMark struct {
	updatedAt time.Time
	online    bool
	host      string
}

func (f *followPiped) wakers() []notify.Topic { return []notify.Topic{notify.Agent(f.id)} }
func (f *followPiped) needs(g *glance)        { g.need(datastore.NounPiped, f.id) }
func (f *followPiped) differs(g *glance) bool {
	return !g.revision(datastore.NounPiped, f.id).UpdatedAt.Equal(f.sent.updatedAt) || g.online(f.id) != f.sent.online
}

func (f *followPiped) look(ctx context.Context) (seen, error) {
	p, err := f.service.piped(ctx, f.user, f.id)
	if err != nil {
		return seen{}, err
	}
	now := f.service.clock.Now()
	views, err := f.service.pipedViews(ctx, []*model.Piped{p}, now)
	if err != nil {
		return seen{}, err
	}
	mark := pipedMark{updatedAt: p.UpdatedAt, online: p.Online(now), host: views[0].GetHost()}
	if mark == f.sent {
		return seen{}, nil
	}
	f.sent = mark
	return seen{event: &webv1.SubscribeResponse{Event: &webv1.SubscribeResponse_Piped{Piped: views[0]}}}, nil
}

// followApplication follows an application with its latest deployment.
type followApplication struct {
	service *Service
	user    auth.User
	id      string
	sent    applicationMark
}

// applicationMark is what is shown of an application.
type applicationMark struct {
	updatedAt       time.Time
	latest          string
	latestUpdatedAt time.Time
	piped           string
	online          bool
}

func (f *followApplication) wakers() []notify.Topic { return []notify.Topic{notify.Application(f.id)} }

func (f *followApplication) needs(g *glance) {
	g.need(datastore.NounApplication, f.id)
	g.need(datastore.NounDeployment, f.sent.latest)
	g.need(datastore.NounPiped, f.sent.piped)
}

func (f *followApplication) differs(g *glance) bool {
	return !g.revision(datastore.NounApplication, f.id).UpdatedAt.Equal(f.sent.updatedAt) ||
		!g.revision(datastore.NounDeployment, f.sent.latest).UpdatedAt.Equal(f.sent.latestUpdatedAt) ||
		g.online(f.sent.piped) != f.sent.online
}

func (f *followApplication) look(ctx context.Context) (seen, error) {
	app, err := f.service.application(ctx, f.user, f.id)
	if err != nil {
		return seen{}, err
	}
	around, err := f.service.surroundings(ctx, []*model.Application{app})
	if err != nil {
		return seen{}, err
	}
	view := around.view(app, f.service.clock.Now())
	mark := applicationMark{updatedAt: app.UpdatedAt, latest: latestOf(app), piped: app.PipedID, online: view.GetPipedOnline()}
	if b := around.latest[mark.latest]; b != nil {
		mark.latestUpdatedAt = b.updatedAt
	}
	if mark == f.sent {
		return seen{}, nil
	}
	f.sent = mark
	return seen{event: &webv1.SubscribeResponse{Event: &webv1.SubscribeResponse_Application{Application: view}}}, nil
}
