package server_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/auth"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// scope is what the request of a call names.
type scope int

const (
	nothing   scope = iota // the call is about the caller
	ofProject              // something that all agents of the project share
	ofAgent                // something of one agent
)

// rpc is a call of an agent, with a good request in the text format of protobuf.
type rpc struct {
	scope   scope
	request string
}

const (
	stageText   = `{id: "s1" name: "WAIT" created_at: 1 updated_at: 1}`
	triggerText = `{commit {hash: "3f786850" message: "m" author: "a" branch: "main" created_at: 1} timestamp: 1}`
	newText     = `{id: "$new" application_id: "$app" application_name: "web" piped_id: "$piped" project_id: "$project" kind: ECS
		git_path {repo {id: "shop"} path: "web"} trigger ` + triggerText + ` created_at: 1 updated_at: 1}`
	atText    = `{seconds: 1700000000}`
	checkText = `{metric: "m" from ` + atText + ` to ` + atText + ` asked_at ` + atText + ` verdict: "PASS"}`
	infoText  = `{id: "$app" name: "web" kind: ECS repo_id: "shop" path: "web" piped_id: "$piped"}`
	logText   = `{index: 1 log: "a" created_at: 1}`
)

// trusted is every call of the services that agents call.
func trusted() map[string]rpc {
	const piped, own = "grpc.service.pipedservice.PipedService/", "pipecd.agent.v1.AgentService/"
	return map[string]rpc{
		piped + "ReportStat":                            {nothing, ``},
		piped + "ReportPipedMeta":                       {nothing, `version: "v1" repositories {id: "shop" remote: "r" branch: "main"} platform_providers {name: "ecs" type: "ECS"}`},
		piped + "ListApplications":                      {nothing, ``},
		piped + "ReportApplicationSyncState":            {ofAgent, `application_id: "$app" state {status: SYNCED timestamp: 1}`},
		piped + "ReportApplicationDeployingStatus":      {ofAgent, `application_id: "$app" deploying: true`},
		piped + "ReportApplicationMostRecentDeployment": {ofAgent, `application_id: "$app" status: DEPLOYMENT_SUCCESS deployment {deployment_id: "$deployment" started_at: 1 trigger ` + triggerText + `}`},
		piped + "GetApplicationMostRecentDeployment":    {ofAgent, `application_id: "$app" status: DEPLOYMENT_PENDING`},
		piped + "GetDeployment":                         {ofAgent, `id: "$deployment"`},
		piped + "ListNotCompletedDeployments":           {nothing, ``},
		piped + "CreateDeployment":                      {ofAgent, `deployment ` + newText},
		piped + "ReportDeploymentPlanned":               {ofAgent, `deployment_id: "$deployment" stages ` + stageText},
		piped + "ReportDeploymentStatusChanged":         {ofAgent, `deployment_id: "$deployment" status: DEPLOYMENT_RUNNING`},
		piped + "ReportDeploymentCompleted":             {ofAgent, `deployment_id: "$deployment" status: DEPLOYMENT_FAILURE completed_at: 1`},
		piped + "SaveDeploymentMetadata":                {ofAgent, `deployment_id: "$deployment" metadata {key: "k" value: "v"}`},
		piped + "SaveDeploymentSharedMetadata":          {ofAgent, `deployment_id: "$deployment" metadata {key: "k" value: "v"}`},
		piped + "SaveDeploymentPluginMetadata":          {ofAgent, `deployment_id: "$deployment" plugin_name: "p" metadata {key: "k" value: "v"}`},
		piped + "SaveStageMetadata":                     {ofAgent, `deployment_id: "$deployment" stage_id: "s1" metadata {key: "k" value: "v"}`},
		piped + "ReportStageLogs":                       {ofAgent, `deployment_id: "$deployment" stage_id: "s1" blocks ` + logText},
		piped + "ReportStageLogsFromLastCheckpoint":     {ofAgent, `deployment_id: "$deployment" stage_id: "s1" blocks ` + logText},
		piped + "ReportStageStatusChanged":              {ofAgent, `deployment_id: "$deployment" stage_id: "s1" status: STAGE_RUNNING completed_at: 1`},
		piped + "ListUnhandledCommands":                 {nothing, ``},
		piped + "ReportCommandHandled":                  {ofAgent, `command_id: "$command" status: COMMAND_SUCCEEDED handled_at: 1 output: "{}"`},
		piped + "ReportApplicationLiveState":            {ofAgent, `snapshot {application_id: "$app" piped_id: "$piped" project_id: "$project" kind: ECS version {timestamp: 1}}`},
		piped + "ReportApplicationLiveStateEvents": {ofAgent, `kubernetes_events {id: "e" application_id: "$app" created_at: 1 snapshot_version {timestamp: 1}
			state {id: "r" name: "n" api_version: "v1" kind: "Pod" created_at: 1 updated_at: 1}}`},
		piped + "GetLatestEvent":                              {nothing, `name: "$event"`},
		piped + "ListEvents":                                  {nothing, ``},
		piped + "ReportEventStatuses":                         {ofProject, `events {id: "$event" status: EVENT_SUCCESS status_description: "d"}`},
		piped + "ReportEventsHandled":                         {ofProject, `event_ids: "$event"`},
		piped + "GetLatestAnalysisResult":                     {ofAgent, `application_id: "$app"`},
		piped + "PutLatestAnalysisResult":                     {ofAgent, `application_id: "$app" analysis_result {start_time: 1}`},
		piped + "GetDesiredVersion":                           {nothing, ``},
		piped + "UpdateApplicationConfigurations":             {ofAgent, `applications ` + infoText},
		piped + "ReportUnregisteredApplicationConfigurations": {nothing, `applications {name: "new" kind: ECS repo_id: "shop" path: "new" config_filename: "app.pipecd.yaml" piped_id: "$piped"}`},
		piped + "CreateDeploymentChain":                       {ofAgent, `first_deployment ` + newText},
		piped + "InChainDeploymentPlannable":                  {ofAgent, `deployment_id: "$deployment" deployment_chain_id: "$chain"`},
		piped + "GetApplicationSharedObject":                  {ofAgent, `application_id: "$app" plugin_name: "p" key: "k"`},
		piped + "PutApplicationSharedObject":                  {ofAgent, `application_id: "$app" plugin_name: "p" key: "k" object: "o"`},
		own + "Connect":                                       {nothing, `hello {instance_id: "i"}`},
		own + "ReportAnalysisChecks":                          {ofAgent, `deployment_id: "$deployment" stage_id: "s1" checks ` + checkText},
		own + "Record":                                        {ofAgent, `id: "r" deployment_id: "$deployment" reports {metadata {deployment_id: "$deployment" metadata {key: "k" value: "v"}}}`},
	}
}

// agentMethods are the methods of the contracts by their full names.
func agentMethods() map[string]protoreflect.MethodDescriptor {
	out := map[string]protoreflect.MethodDescriptor{}
	for _, file := range []protoreflect.FileDescriptor{pipedservice.File_grpc_service_pipedservice_service_proto, agentv1.File_pipecd_agent_v1_agent_proto} {
		for i := range file.Services().Len() {
			s := file.Services().Get(i)
			for j := range s.Methods().Len() {
				m := s.Methods().Get(j)
				out[string(s.FullName())+"/"+string(m.Name())] = m
			}
		}
	}
	return out
}

// ids are what requests name, by the names in their texts.
type ids map[string]string

// strangers are ids of things that do not exist.
func strangers() ids {
	out := ids{}
	for _, name := range []string{"app", "deployment", "command", "event", "chain", "new"} {
		out[name] = model.NewID()
	}
	return out
}

// things makes one thing of each kind for the agent.
func (w *world) things(project string, a *agent, name string) ids {
	w.t.Helper()
	th := strangers()
	th["app"] = w.application(project, a, name)
	send := func(method, text string) {
		if _, err := w.invoke(a.ctx, "grpc.service.pipedservice.PipedService/"+method, fill(text, a, project, th)); err != nil {
			w.t.Fatalf("%s: %v", method, err)
		}
	}
	first := ids{"app": th["app"], "new": th["deployment"]}
	if _, err := w.invoke(a.ctx, "grpc.service.pipedservice.PipedService/CreateDeploymentChain", fill(`first_deployment `+newText, a, project, first)); err != nil {
		w.t.Fatal(err)
	}
	send("ReportDeploymentPlanned", `deployment_id: "$deployment" stages `+stageText)
	send("ReportApplicationMostRecentDeployment", `application_id: "$app" status: DEPLOYMENT_PENDING deployment {deployment_id: "$deployment" started_at: 1 trigger `+triggerText+`}`)
	send("PutLatestAnalysisResult", `application_id: "$app" analysis_result {start_time: 1}`)
	send("PutApplicationSharedObject", `application_id: "$app" plugin_name: "p" key: "k" object: "o"`)
	d, err := w.store.GetDeployment(w.t.Context(), th["deployment"])
	if err != nil {
		w.t.Fatal(err)
	}
	th["chain"] = d.ChainID
	now := time.Now()
	for _, err := range []error{
		w.store.AddCommand(w.t.Context(), &model.Command{
			ID: th["command"], PipedID: a.id, ProjectID: project, ApplicationID: th["app"], Commander: "someone", CreatedAt: now, UpdatedAt: now,
		}),
		w.store.AddEvent(w.t.Context(), &model.Event{ID: th["event"], ProjectID: project, Name: th["event"], Data: "d", CreatedAt: now, UpdatedAt: now}),
	} {
		if err != nil {
			w.t.Fatal(err)
		}
	}
	return th
}

// fill puts ids into a request's text.
func fill(text string, a *agent, project string, th ids) string {
	return os.Expand(text, func(name string) string {
		switch name {
		case "piped":
			return a.id
		case "project":
			return project
		default:
			return th[name]
		}
	})
}

// invoke calls a method with a request in the text format, and returns the first
// answer in it.
func (w *world) invoke(ctx context.Context, name, text string) (string, error) {
	w.t.Helper()
	method := agentMethods()[name]
	req, resp := newMessage(w.t, method.Input()), newMessage(w.t, method.Output())
	if err := prototext.Unmarshal([]byte(text), req); err != nil {
		w.t.Fatalf("the request of %s: %v", name, err)
	}
	if !method.IsStreamingClient() {
		err := w.conn.Invoke(ctx, "/"+name, req, resp)
		return prototext.Format(resp), err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := w.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/"+name)
	if err != nil {
		return "", err
	}
	_ = stream.SendMsg(req) // why it failed, RecvMsg says
	err = stream.RecvMsg(resp)
	return prototext.Format(resp), err
}

func newMessage(t testing.TB, of protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	kind, err := protoregistry.GlobalTypes.FindMessageByName(of.FullName())
	if err != nil {
		t.Fatal(err)
	}
	return kind.New().Interface()
}

func TestEveryCallOfAgentsIsInTheTable(t *testing.T) {
	t.Parallel()
	table, methods := trusted(), agentMethods()
	for name := range methods {
		if _, ok := table[name]; !ok {
			t.Errorf("%s has no row, so nobody checks that it is only the caller's own that it touches", name)
		}
	}
	if len(table) != len(methods) {
		t.Errorf("the table has %d rows for %d calls", len(table), len(methods))
	}
}

// An agent touches only what is its own: of another agent of the project it is
// refused, and of another project it does not exist.
func TestAgentsTouchOnlyTheirOwn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	owner, neighbour, foreigner := w.agent("dev", "owner"), w.agent("dev", "neighbour"), w.agent("other", "foreigner")
	for name, call := range trusted() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th, none := w.things("dev", owner, "web-"+model.NewID()), strangers()
			try := func(a *agent, project string, th ids) (string, error) {
				return w.invoke(a.ctx, name, fill(call.request, a, project, th))
			}
			if call.scope == nothing {
				for _, other := range []*agent{neighbour, foreigner} {
					answer, _ := w.invoke(other.ctx, name, fill(call.request, other, "dev", none))
					if shows(answer, th, other == foreigner) {
						t.Errorf("it shows another's things: %s", answer)
					}
				}
			} else {
				_, unknown := try(foreigner, "other", none)
				_, foreign := try(foreigner, "other", th)
				if a, b := anonymous(unknown, none), anonymous(foreign, th); a != b || status.Code(foreign) == codes.OK {
					t.Errorf("what exists in another project is told from what exists nowhere:\n%s\n%s", a, b)
				}
				_, err := try(neighbour, "dev", th)
				if want := map[scope]codes.Code{ofProject: codes.OK, ofAgent: codes.PermissionDenied}[call.scope]; status.Code(err) != want {
					t.Errorf("for another agent of the project: %v, want %s", err, want)
				}
			}
			if call.scope == ofProject {
				th = w.things("dev", owner, "web-"+model.NewID())
			}
			if _, err := try(owner, "dev", th); err != nil {
				t.Errorf("for the owner: %v", err)
			}
		})
	}
}

// shows reports whether an answer names one of the things; events belong to the
// whole project.
func shows(answer string, th ids, events bool) bool {
	for name, id := range th {
		if (name != "event" || events) && strings.Contains(answer, id) {
			return true
		}
	}
	return false
}

// anonymous is an error without ids.
func anonymous(err error, th ids) string {
	text := status.Code(err).String() + " " + status.Convert(err).Message()
	for name, id := range th {
		text = strings.ReplaceAll(text, id, name)
	}
	return text
}

// Whose credential is not good is refused by every call, in the same words
// whatever is wrong with it.
func TestEveryCallNeedsAGoodCredential(t *testing.T) {
	t.Parallel()
	w := setup(t)
	owner := w.agent("dev", "owner")
	th := w.things("dev", owner, "web")
	bad := w.badCredentials()
	for name, call := range trusted() {
		for why, ctx := range bad {
			_, err := w.invoke(ctx, name, fill(call.request, owner, "dev", th))
			if want := "Unauthenticated"; status.Code(err) != codes.Unauthenticated || why != "none" && status.Convert(err).Message() != want {
				t.Errorf("%s with %s: %v", name, why, err)
			}
		}
	}
}

// badCredentials are contexts with credentials that are not good, or not any more.
func (w *world) badCredentials() map[string]context.Context {
	w.t.Helper()
	register := func(name string) auth.PipedCredential {
		resp, err := w.admin("dev").RegisterPiped(w.t.Context(), &webv1.RegisterPipedRequest{Name: name})
		if err != nil {
			w.t.Fatal(err)
		}
		c := auth.PipedCredential{ProjectID: "dev", PipedID: resp.GetId(), Key: resp.GetKey()}
		if a := w.as(c); a != nil {
			if _, err := a.ReportStat(a.ctx, &pipedservice.ReportStatRequest{}); err != nil {
				w.t.Fatal(err)
			}
		}
		return c
	}
	good, removed, disabled := register("good"), register("removed"), register("disabled")
	_, addErr := w.admin("dev").AddPipedKey(w.t.Context(), &webv1.AddPipedKeyRequest{PipedId: removed.PipedID})
	_, deleteErr := w.admin("dev").DeleteOldPipedKeys(w.t.Context(), &webv1.DeleteOldPipedKeysRequest{PipedId: removed.PipedID})
	_, disableErr := w.admin("dev").DisablePiped(w.t.Context(), &webv1.DisablePipedRequest{PipedId: disabled.PipedID})
	for _, err := range []error{addErr, deleteErr, disableErr} {
		if err != nil {
			w.t.Fatal(err)
		}
	}
	out := map[string]context.Context{"none": w.t.Context()}
	for why, c := range map[string]auth.PipedCredential{
		"a removed key":          removed,
		"a disabled agent":       disabled,
		"a wrong key":            {ProjectID: "dev", PipedID: good.PipedID, Key: auth.NewKey()},
		"the key of another":     {ProjectID: "dev", PipedID: good.PipedID, Key: disabled.Key},
		"another project":        {ProjectID: "other", PipedID: good.PipedID, Key: good.Key},
		"an unknown project":     {ProjectID: "nowhere", PipedID: good.PipedID, Key: good.Key},
		"an unknown agent":       {ProjectID: "dev", PipedID: model.NewID(), Key: good.Key},
		"the stored hash as key": {ProjectID: "dev", PipedID: good.PipedID, Key: auth.HashKey(good.Key)},
	} {
		out[why] = w.as(c).ctx //nolint:fatcontext // each has one of its own
	}
	return out
}
