package webapi

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"connectrpc.com/connect/v2"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
	"pipecd/pkg/rpc/gen/pipecd/web/v1/webv1connect"
)

const (
	// beatInterval is when something is sent although nothing changed.
	beatInterval = 15 * time.Second
	// glanceInterval is how often the datastore is asked for what nobody told,
	// and for agents that fell silent, once for all topics of a stream.
	glanceInterval = 10 * time.Second
	// retryInterval is when a topic that could not be read is read again.
	retryInterval = 2 * time.Second
	// lookTimeout is how long a look may take. Heartbeats wait meanwhile.
	lookTimeout = 10 * time.Second
	// listInterval is the least time between two words about one list.
	listInterval = time.Second
	// A stream lasts streamLife and up to streamSpread more, so that clients
	// spread over the servers again after one was started anew.
	streamLife   = 30 * time.Minute
	streamSpread = 10 * time.Minute
)

// Subscribe follows many topics in one stream. It ends after a while; the client
// opens another.
func (s *Service) Subscribe(ctx context.Context, req *webv1.SubscribeRequest, st webv1connect.WebServiceSubscribeServerStream) error {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return err
	}
	topics, err := s.followAll(user, req.GetTopics())
	if err != nil {
		return InField("topics", err)
	}
	sub := &subscription{service: s, user: user, stream: st, topics: topics}
	return sub.run(ctx)
}

func (s *Service) followAll(user auth.User, wanted []*webv1.Topic) ([]*topic, error) {
	topics, keys := make([]*topic, 0, len(wanted)), map[string]bool{}
	for _, t := range wanted {
		if keys[t.GetKey()] {
			return nil, model.Errorf(model.CodeInvalid, "two topics have the key %q", t.GetKey())
		}
		keys[t.GetKey()] = true
		followed, err := s.follow(user, t)
		if err != nil {
			return nil, err
		}
		topics = append(topics, &topic{key: t.GetKey(), follower: followed})
	}
	return topics, nil
}

// follow returns what follows the topic.
func (s *Service) follow(user auth.User, t *webv1.Topic) (follower, error) {
	switch of := t.GetOf().(type) {
	case *webv1.Topic_Deployment:
		return &followDeployment{service: s, id: of.Deployment.GetDeploymentId()}, nil
	case *webv1.Topic_StageLog:
		return newFollowLog(s, of.StageLog), nil
	case *webv1.Topic_Application:
		return &followApplication{service: s, user: user, id: of.Application.GetApplicationId()}, nil
	case *webv1.Topic_Command:
		return &followCommand{service: s, user: user, id: of.Command.GetCommandId()}, nil
	case *webv1.Topic_Piped:
		return &followPiped{service: s, user: user, id: of.Piped.GetPipedId()}, nil
	case *webv1.Topic_List:
		return newFollowList(s, user, of.List.GetList())
	default:
		return nil, model.Errorf(model.CodeInvalid, "topic %q is of a kind that this server does not know", t.GetKey())
	}
}

// follower follows one thing. It belongs to one stream's goroutine.
type follower interface {
	// wakers are the notifications after which to look.
	wakers() []notify.Topic
	// needs says what a glance has to find out for it.
	needs(g *glance)
	// differs reports whether the glance found what look has not returned.
	differs(g *glance) bool
	// look reads the thing and returns at most one event.
	look(ctx context.Context) (seen, error)
}

// seen is what a follower saw.
type seen struct {
	event *webv1.SubscribeResponse // nil when nothing is new
	more  bool                     // there is more to be had at once
	done  bool                     // nothing can follow
}

// topic is a follower and what is to be done with it.
type topic struct {
	follower

	key   string
	dirty bool      // has to look
	ended bool      // nothing follows
	rests time.Time // does not look before
}

// sender is the server's end of the stream. Send waits while the client is
// slow.
type sender interface {
	Send(event *webv1.SubscribeResponse) error
}

// subscription is one stream. There is no queue in it: a topic that changes
// while the client is slow is looked at once, when the client is ready.
type subscription struct {
	service *Service
	user    auth.User
	stream  sender
	topics  []*topic
	woken   map[notify.Topic][]*topic
	watch   *notify.Watch
	beat    *time.Timer
	rested  *time.Timer // when a topic that rests may look
}

// run follows until the stream ends.
func (u *subscription) run(ctx context.Context) error {
	u.listen()
	defer u.watch.Stop()
	u.beat, u.rested = time.NewTimer(beatInterval), time.NewTimer(beatInterval)
	defer u.beat.Stop()
	defer u.rested.Stop()
	look, life := time.NewTimer(notify.Jittered(glanceInterval)), time.NewTimer(streamLife+rand.N(streamSpread))
	defer look.Stop()
	defer life.Stop()
	// What a list looks like is known before the first heartbeat: what changes
	// after the client saw it is told.
	u.glance(ctx)
	for _, t := range u.topics {
		_, isList := t.follower.(*followList)
		t.dirty = !isList
	}
	if err := u.sendBeat(); err != nil {
		return err
	}
	for {
		again, err := u.round(ctx)
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-life.C:
			return nil
		case <-u.watch.Woken():
			u.wake()
		case <-look.C:
			look.Reset(notify.Jittered(glanceInterval))
			u.glance(ctx)
		case <-u.beat.C:
			if err := u.sendBeat(); err != nil {
				return err
			}
		case <-u.rested.C:
		case <-again:
		}
	}
}

// listen subscribes to what wakes the topics.
func (u *subscription) listen() {
	u.woken = map[notify.Topic][]*topic{}
	var all []notify.Topic
	for _, t := range u.topics {
		for _, w := range t.wakers() {
			u.woken[w] = append(u.woken[w], t)
			all = append(all, w)
		}
	}
	u.watch = u.service.hub.Watch(all...)
}

func (u *subscription) wake() {
	for _, w := range u.watch.Take() {
		for _, t := range u.woken[w] {
			t.dirty = true
		}
	}
}

// round lets every topic that has to look do so once. The channel it returns is
// ready when one has more.
func (u *subscription) round(ctx context.Context) (again <-chan struct{}, err error) {
	now := time.Now()
	more := false
	var rest time.Duration
	for _, t := range u.topics {
		switch {
		case !t.dirty || t.ended:
			continue
		case now.Before(t.rests):
			if wait := t.rests.Sub(now); rest == 0 || wait < rest {
				rest = wait
			}
			continue
		}
		lookedMore, err := u.look(ctx, t)
		if err != nil {
			return nil, err
		}
		more = more || lookedMore
	}
	if rest > 0 {
		u.rested.Reset(rest)
	}
	if more {
		return ready(), nil
	}
	return nil, nil //nolint:nilnil // a nil channel is never ready
}

// ready returns a channel that has a value already.
func ready() <-chan struct{} {
	c := make(chan struct{}, 1)
	c <- struct{}{}
	return c
}

// look sends what is new of the topic, and reports whether there is more.
func (u *subscription) look(ctx context.Context, t *topic) (more bool, err error) {
	t.dirty = false
	short, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	saw, err := t.look(short)
	switch {
	case ctx.Err() != nil:
		return false, context.Cause(ctx)
	case model.IsRetryable(err):
		t.dirty, t.rests = true, time.Now().Add(retryInterval)
		u.service.logger.WarnContext(ctx, "a topic could not be read now", slog.String("topic", t.key), slog.Any("error", err))
		return false, nil
	case err != nil:
		t.ended = true
		return false, u.send(t.key, u.trouble(ctx, t, err))
	}
	t.dirty, t.ended = saw.more, saw.done
	if saw.event == nil {
		return saw.more, nil
	}
	if _, isList := t.follower.(*followList); isList {
		t.rests = time.Now().Add(listInterval)
	}
	return saw.more, u.send(t.key, saw.event)
}

// trouble returns the event that ends a topic.
func (u *subscription) trouble(ctx context.Context, t *topic, err error) *webv1.SubscribeResponse {
	if model.CodeOf(err) == model.CodeInternal {
		u.service.logger.ErrorContext(ctx, "a topic cannot be followed", slog.String("topic", t.key), slog.Any("error", err))
	}
	wire := convert.ErrorToConnect(err)
	told := &webv1.TopicError{Code: int32(connect.CodeOf(wire))} //nolint:gosec // there are 16 codes
	if e, ok := errors.AsType[*connect.Error](wire); ok {
		told.Message = e.Message()
	}
	return &webv1.SubscribeResponse{Event: &webv1.SubscribeResponse_Error{Error: told}}
}

func (u *subscription) send(key string, event *webv1.SubscribeResponse) error {
	event.Key = key
	u.beat.Reset(beatInterval)
	return u.stream.Send(event)
}

func (u *subscription) sendBeat() error {
	return u.send("", &webv1.SubscribeResponse{Event: &webv1.SubscribeResponse_Heartbeat{Heartbeat: &webv1.Beat{
		IntervalMs: beatInterval.Milliseconds(), Now: u.service.clock.Now().Unix(),
	}}})
}
