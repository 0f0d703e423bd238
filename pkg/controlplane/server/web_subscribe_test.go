package server_test

import (
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"golang.org/x/crypto/bcrypt"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
	"pipecd/pkg/rpc/gen/pipecd/web/v1/webv1connect"
)

// following is a stream of Subscribe. Heartbeats after the first are left out.
type following struct {
	t      testing.TB
	stream webv1connect.WebServiceSubscribeClientStream
}

func (w *world) follow(project string, topics ...*webv1.Topic) *following {
	w.t.Helper()
	return followAs(w.t, w.user(project), topics...)
}

// followAs returns after the first heartbeat.
func followAs(t testing.TB, c webv1connect.WebServiceClient, topics ...*webv1.Topic) *following {
	t.Helper()
	stream, err := c.Subscribe(t.Context(), &webv1.SubscribeRequest{Topics: topics})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stream.Close() })
	first, err := stream.Receive()
	if err != nil {
		t.Fatal(err)
	}
	if beat := first.GetHeartbeat(); beat.GetIntervalMs() != 15_000 || beat.GetNow() == 0 || first.GetKey() != "" {
		t.Errorf("the first event is %v", first)
	}
	return &following{t: t, stream: stream}
}

func (f *following) next() *webv1.SubscribeResponse {
	f.t.Helper()
	for {
		m, err := f.stream.Receive()
		if err != nil {
			f.t.Fatalf("the stream ended: %v", err)
		}
		if m.GetHeartbeat() == nil {
			return m
		}
	}
}

// of returns the next event of a key; others are left out.
func (f *following) of(key string) *webv1.SubscribeResponse {
	f.t.Helper()
	for {
		if m := f.next(); m.GetKey() == key {
			return m
		}
	}
}

func (f *following) end() error {
	for {
		if _, err := f.stream.Receive(); err != nil {
			return err
		}
	}
}

func deploymentTopic(id string) *webv1.Topic {
	return &webv1.Topic{Key: "deployment", Of: &webv1.Topic_Deployment{Deployment: &webv1.DeploymentTopic{DeploymentId: id}}}
}

func applicationTopic(id string) *webv1.Topic {
	return &webv1.Topic{Key: "application", Of: &webv1.Topic_Application{Application: &webv1.ApplicationTopic{ApplicationId: id}}}
}

func pipedTopic(id string) *webv1.Topic {
	return &webv1.Topic{Key: "piped", Of: &webv1.Topic_Piped{Piped: &webv1.PipedTopic{PipedId: id}}}
}

func commandTopic(id string) *webv1.Topic {
	return &webv1.Topic{Key: "command", Of: &webv1.Topic_Command{Command: &webv1.CommandTopic{CommandId: id}}}
}

func logTopic(id string, stage model.StageName, offset int64) *webv1.Topic {
	return &webv1.Topic{Key: "log", Of: &webv1.Topic_StageLog{StageLog: &webv1.StageLogTopic{DeploymentId: id, StageId: string(stage), OffsetIndex: offset}}}
}

func listTopic(key string, list webv1.ListTopic_List) *webv1.Topic {
	return &webv1.Topic{Key: key, Of: &webv1.Topic_List{List: &webv1.ListTopic{List: list}}}
}

func TestSubscribeTopics(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	app := w.application("dev", a, "web")
	id := w.deployment("dev", a, app, model.StageECSTrafficRouting)
	w.triggered(a, app, id)
	c := w.user("dev")
	sync, err := c.SyncApplication(t.Context(), &webv1.SyncApplicationRequest{ApplicationId: app})
	if err != nil {
		t.Fatal(err)
	}
	f := followAs(t, c, deploymentTopic(id), applicationTopic(app), pipedTopic(a.id), commandTopic(sync.GetCommandId()), logTopic(id, model.StageECSTrafficRouting, 0))
	got := map[string]*webv1.SubscribeResponse{}
	for len(got) < 5 {
		m := f.next()
		got[m.GetKey()] = m
	}
	if got["deployment"].GetDeployment().GetId() != id || got["application"].GetApplication().GetLatest().GetId() != id ||
		got["piped"].GetPiped().GetApplicationCount() != 1 || got["command"].GetCommand().GetId() != sync.GetCommandId() ||
		got["log"].GetStageLog() == nil || got["log"].GetStageLog().GetCompleted() {
		t.Fatalf("got %v", got)
	}

	w.stageMetadata(a, id, model.StageECSTrafficRouting, map[string]string{model.MetadataObservedCanaryPercentage: "7", model.MetadataSteps: "secret"})
	if m := f.of("deployment").GetDeployment().GetStages()[0].GetMetadata(); len(m) != 1 {
		t.Errorf("the deployment shows %v", m)
	}
	w.run(a, id, model.StageECSTrafficRouting, modelpb.StageStatus_STAGE_SUCCESS)
	for f.of("application").GetApplication().GetLatest().GetCanaryPercent() != 7 {
		continue
	}
	_, err = a.ReportCommandHandled(a.ctx, &pipedservice.ReportCommandHandledRequest{
		CommandId: sync.GetCommandId(), Status: modelpb.CommandStatus_COMMAND_SUCCEEDED, HandledAt: someTime,
	})
	if err != nil {
		t.Fatal(err)
	}
	if m := f.of("command").GetCommand(); m.GetStatus() != modelpb.CommandStatus_COMMAND_SUCCEEDED {
		t.Errorf("got %v", m)
	}
	if _, err := c.UpdatePiped(t.Context(), &webv1.UpdatePipedRequest{PipedId: a.id, Name: "tokyo"}); err != nil {
		t.Fatal(err)
	}
	w.tell(notify.Agent(a.id))
	if m := f.of("piped").GetPiped(); m.GetPiped().GetName() != "tokyo" {
		t.Errorf("got %v", m)
	}
	w.connect(a, "i").lease()
	for f.of("piped").GetPiped().GetHost() != "host-of-i" {
		continue
	}
	w.complete(a, id)
	if m := f.of("log").GetStageLog(); !m.GetCompleted() {
		t.Errorf("got %v after the deployment's end", m)
	}
}

// What another process wrote is found by the poll.
func TestSubscribeHearsWhatOthersWrite(t *testing.T) {
	t.Parallel()
	w := shared(t)
	a := w.agent("dev", "a")
	app := w.application("dev", a, "web")
	id := w.deployment("dev", a, app, model.StageWait)
	w.triggered(a, app, id)
	f := w.follow("dev", deploymentTopic(id), applicationTopic(app), pipedTopic(a.id),
		listTopic("deployments", webv1.ListTopic_LIST_DEPLOYMENTS), listTopic("applications", webv1.ListTopic_LIST_APPLICATIONS))
	for range 3 {
		f.next()
	}
	d, err := w.store.UpdateDeployment(t.Context(), model.Fence{}, id, func(d *model.Deployment) error {
		return d.ReportStatus(model.DeploymentRunning, "elsewhere", time.Now())
	})
	if err != nil {
		t.Fatal(err)
	}
	w.tell(notify.OfDeployment(d)...)
	missing := map[string]bool{"deployment": true, "application": true, "deployments": true, "applications": true}
	for len(missing) > 0 {
		m := f.next()
		delete(missing, m.GetKey())
		switch m.GetKey() {
		case "deployment":
			if m.GetDeployment().GetStatusReason() != "elsewhere" {
				t.Errorf("got %v", m)
			}
		case "application":
			if m.GetApplication().GetLatest().GetStatus() != modelpb.DeploymentStatus_DEPLOYMENT_RUNNING {
				t.Errorf("got %v", m)
			}
		}
	}
	_, err = w.store.UpdatePiped(t.Context(), a.id, func(p *model.Piped) error {
		p.Description, p.UpdatedAt = "elsewhere", time.Now()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.tell(notify.Agent(a.id))
	if m := f.of("piped").GetPiped(); m.GetPiped().GetDesc() != "elsewhere" {
		t.Errorf("got %v", m)
	}
}

func TestSubscribeLists(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a, foreign := w.agent("dev", "a"), w.agent("other", "b")
	f := w.follow("dev", listTopic("a", webv1.ListTopic_LIST_APPLICATIONS), listTopic("d", webv1.ListTopic_LIST_DEPLOYMENTS), listTopic("p", webv1.ListTopic_LIST_PIPEDS))
	w.application("other", foreign, "not ours")
	app := w.application("dev", a, "web")
	if m := f.next(); m.GetKey() != "a" || m.GetList() == nil {
		t.Errorf("after an application was added: %v", m)
	}
	w.deployment("dev", a, app)
	for keys := map[string]bool{"a": true, "d": true}; len(keys) > 0; {
		m := f.next()
		if m.GetKey() == "p" {
			t.Fatalf("the pipeds did not change: %v", m)
		}
		delete(keys, m.GetKey())
	}
	if _, err := w.user("dev").RegisterPiped(t.Context(), &webv1.RegisterPipedRequest{Name: "new"}); err != nil {
		t.Fatal(err)
	}
	f.of("p")
}

func TestSubscribeTopicErrors(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a, foreign := w.agent("dev", "a"), w.agent("other", "b")
	app, theirs := w.application("dev", a, "web"), w.application("other", foreign, "web")
	id, hidden := w.deployment("dev", a, app), w.deployment("other", foreign, theirs, model.StageWait)
	sync, err := w.user("other").SyncApplication(t.Context(), &webv1.SyncApplicationRequest{ApplicationId: theirs})
	if err != nil {
		t.Fatal(err)
	}
	bad := []*webv1.Topic{
		deploymentTopic(hidden), applicationTopic(theirs), pipedTopic(foreign.id), commandTopic(sync.GetCommandId()), logTopic(hidden, model.StageWait, 0),
	}
	for _, topic := range bad {
		topic.Key = "bad " + topic.GetKey()
	}
	gone := deploymentTopic("nothing")
	gone.Key = "bad nothing"
	f := w.follow("dev", append(bad, gone, deploymentTopic(id))...)
	for range len(bad) + 2 {
		m := f.next()
		if e := m.GetError(); m.GetKey() == "deployment" != (e == nil) || e != nil && (e.GetCode() != int32(connect.CodeNotFound) || e.GetMessage() == "") {
			t.Errorf("got %v", m)
		}
	}
	w.complete(a, id)
	if m := f.next(); m.GetDeployment().GetStatus() != modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS {
		t.Errorf("the good topic went on with %v", m)
	}
	c := w.user("dev")
	for name, topics := range map[string][]*webv1.Topic{
		"none": nil, "two of one key": {deploymentTopic(id), deploymentTopic(id)}, "one of no kind": {{Key: "x"}},
	} {
		stream, err := c.Subscribe(t.Context(), &webv1.SubscribeRequest{Topics: topics})
		if err == nil {
			_, err = stream.Receive()
		}
		if connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%s: got %v", name, err)
		} else if got := troubleOf(t, err).GetField(); got != "topics" && got != "topics[0].of" {
			t.Errorf("%s: it is about %q", name, got)
		}
	}
}

func TestSubscribeStageLog(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	id := w.deployment("dev", a, w.application("dev", a, "web"), model.StageWait)
	send := func(first, last int64, completed bool) {
		_, err := a.ReportStageLogsFromLastCheckpoint(a.ctx, &pipedservice.ReportStageLogsFromLastCheckpointRequest{
			DeploymentId: id, StageId: "WAIT", Blocks: lines(first, last), Completed: completed,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	send(0, 2999, false)
	f := w.follow("dev", logTopic(id, model.StageWait, 10))
	next := int64(10)
	read := func(until int64) (completed bool) {
		for next <= until {
			part := f.of("log").GetStageLog()
			if len(part.GetBlocks()) > 1000 {
				t.Fatalf("a part has %d entries", len(part.GetBlocks()))
			}
			for _, b := range part.GetBlocks() {
				if b.GetIndex() != next {
					t.Fatalf("got entry %d, want %d", b.GetIndex(), next)
				}
				next++
			}
			completed = part.GetCompleted()
		}
		return completed
	}
	if read(2999) {
		t.Error("completed too early")
	}
	send(2990, 3010, false)
	read(3010)
	send(3011, 3011, true)
	if !read(3011) && !f.of("log").GetStageLog().GetCompleted() {
		t.Error("not told the end")
	}
}

func TestSubscribeEndsWithTheSession(t *testing.T) {
	t.Parallel()
	w := shared(t)
	hash := func(p string) string {
		h, err := bcrypt.GenerateFromPassword([]byte(p), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		return string(h)
	}
	err := w.store.AddProject(t.Context(), &model.Project{ID: "stored", StaticAdmin: &model.StaticAdmin{Username: "admin", PasswordHash: hash(password)}})
	if err != nil {
		t.Fatal(err)
	}
	out, in := w.user("stored"), w.user("stored")
	topic := listTopic("p", webv1.ListTopic_LIST_PIPEDS)
	first, second := followAs(t, out, topic), followAs(t, in, topic)
	if _, err := out.Logout(t.Context(), &webv1.LogoutRequest{}); err != nil {
		t.Fatal(err)
	}
	wantWebCode(t, first.end(), connect.CodeUnauthenticated)
	if _, err := in.GetMe(t.Context(), &webv1.GetMeRequest{}); err != nil {
		t.Errorf("the other session: %v", err)
	}
	_, err = w.store.UpdateProject(t.Context(), "stored", func(p *model.Project) error {
		p.StaticAdmin.PasswordHash = hash("another")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.tell(notify.Project("stored"))
	wantWebCode(t, second.end(), connect.CodeUnauthenticated)
}

func TestSubscribeEndsWithTheServer(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := w.follow("dev", listTopic("p", webv1.ListTopic_LIST_PIPEDS))
	stopped := make(chan error, 1)
	go func() { stopped <- w.stop() }()
	wantWebCode(t, f.end(), connect.CodeUnavailable)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
