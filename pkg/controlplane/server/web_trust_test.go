package server_test

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/reflect/protoreflect"

	"pipecd/pkg/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

const webService = "pipecd.web.v1.WebService/"

// asked is every call of people, with a request that names what it can; those
// without a name are about the caller's project.
func asked() map[string]string {
	return map[string]string{
		"Login":              `project_id: "dev" username: "admin" password: "wrong"`,
		"Logout":             ``,
		"GetMe":              ``,
		"RegisterPiped":      `name: "a piped"`,
		"GetPiped":           `piped_id: "$piped"`,
		"ListPipeds":         ``,
		"UpdatePiped":        `piped_id: "$piped" name: "renamed"`,
		"EnablePiped":        `piped_id: "$piped"`,
		"DisablePiped":       `piped_id: "$piped"`,
		"AddPipedKey":        `piped_id: "$piped"`,
		"DeleteOldPipedKeys": `piped_id: "$piped"`,
		"AddApplication":     `name: "new" piped_id: "$piped" platform_provider: "ecs" repo_id: "shop" path: "new" kind: ECS`,
		"GetApplication":     `application_id: "$app"`,
		"ListApplications":   ``,
		"CountApplications":  ``,
		"UpdateApplication":  `application_id: "$app" piped_id: "$piped" platform_provider: "ecs"`,
		"EnableApplication":  `application_id: "$app"`,
		"DisableApplication": `application_id: "$app"`,
		"DeleteApplication":  `application_id: "$app"`,
		"SyncApplication":    `application_id: "$app"`,
		"ListSuggestions":    ``,
		"GetDeployment":      `deployment_id: "$deployment"`,
		"ListDeployments":    `application_id: "$app"`,
		"CancelDeployment":   `deployment_id: "$deployment"`,
		"RollBackTo":         `deployment_id: "$deployment"`,
		"ApproveStage":       `deployment_id: "$deployment" stage_id: "s1"`,
		"SkipStage":          `deployment_id: "$deployment" stage_id: "s1"`,
		"GetCommand":         `command_id: "$command"`,
		"GetStageLog":        `deployment_id: "$deployment" stage_id: "s1"`,
		"WatchDeployment":    `deployment_id: "$deployment"`,
		"WatchStageLog":      `deployment_id: "$deployment" stage_id: "s1"`,
		"Subscribe": `topics {key: "d" deployment {deployment_id: "$deployment"}} topics {key: "a" application {application_id: "$app"}}
			topics {key: "c" command {command_id: "$command"}} topics {key: "p" piped {piped_id: "$piped"}}
			topics {key: "l" stage_log {deployment_id: "$deployment" stage_id: "s1"}}`,
	}
}

func webMethods() map[string]protoreflect.MethodDescriptor {
	out := map[string]protoreflect.MethodDescriptor{}
	methods := webv1.File_pipecd_web_v1_web_proto.Services().Get(0).Methods()
	for i := range methods.Len() {
		out[string(methods.Get(i).Name())] = methods.Get(i)
	}
	return out
}

func TestEveryCallOfPeopleIsInTheTable(t *testing.T) {
	t.Parallel()
	if a, b := slices.Sorted(maps.Keys(asked())), slices.Sorted(maps.Keys(webMethods())); !slices.Equal(a, b) {
		t.Errorf("rows of %v for calls %v", a, b)
	}
}

// cookie logs in and returns the session's cookie as it is sent back.
func (w *world) cookie(project string) string {
	w.t.Helper()
	resp := w.post("Login", map[string]string{"projectId": project, "username": "admin", "password": password}, browser())
	if resp.StatusCode != http.StatusOK || len(resp.Cookies()) != 1 {
		w.t.Fatalf("login: %s", resp.Status)
	}
	return "token=" + resp.Cookies()[0].Value
}

// askWeb calls a method of people with a session and returns what came first, of a
// subscription one event of every topic.
func (w *world) askWeb(cookie, name, text string) (string, error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	if cookie != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "cookie", cookie)
	}
	method := webMethods()[name]
	req := newMessage(w.t, method.Input())
	if err := prototext.Unmarshal([]byte(text), req); err != nil {
		w.t.Fatalf("the request of %s: %v", name, err)
	}
	stream, err := w.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/"+webService+name)
	if err != nil {
		return "", err
	}
	_ = stream.SendMsg(req) // why it failed, RecvMsg says
	_ = stream.CloseSend()
	var out strings.Builder
	for range 1 + strings.Count(text, "topics") { // and a heartbeat
		resp := newMessage(w.t, method.Output())
		if err := stream.RecvMsg(resp); err != nil {
			return out.String(), err
		}
		if _, beat := resp.(*webv1.SubscribeResponse); !beat || resp.(*webv1.SubscribeResponse).GetHeartbeat() == nil { //nolint:forcetypeassert // it is one
			out.WriteString(prototext.Format(resp))
		}
	}
	return out.String(), nil
}

// To a person, what is of another project does not exist, in the very words for
// what exists nowhere.
func TestPeopleSeeOnlyTheirProject(t *testing.T) {
	t.Parallel()
	w := setup(t)
	owner, own := w.agent("dev", "owner"), w.agent("other", "own")
	th, none := w.things("dev", owner, "web"), strangers()
	cookie := w.cookie("other")
	nowhere := &agent{id: model.NewID()}
	for name, text := range asked() {
		if !strings.Contains(text, "$") {
			continue
		}
		a, unknown := w.askWeb(cookie, name, fill(text, nowhere, "", none))
		b, foreign := w.askWeb(cookie, name, fill(text, owner, "", th))
		none["the piped"], th["the piped"] = nowhere.id, owner.id
		if x, y := anonymous(unknown, none)+hidden(a, none), anonymous(foreign, th)+hidden(b, th); x != y {
			t.Errorf("%s tells what exists in another project from what exists nowhere:\n%s\n%s", name, x, y)
		}
		if name != "ListDeployments" && name != "Subscribe" && status.Code(foreign) != codes.NotFound {
			t.Errorf("%s: %v", name, foreign)
		}
	}
	// An agent that names another project's deployment as its application's last
	// shows nobody what is in it.
	app := w.application("other", own, "spy")
	_, err := w.invoke(own.ctx, "grpc.service.pipedservice.PipedService/ReportApplicationMostRecentDeployment", fill(
		`application_id: "$spy" status: DEPLOYMENT_PENDING deployment {deployment_id: "$deployment" started_at: 1 trigger `+triggerText+`}`,
		own, "other", ids{"spy": app, "deployment": th["deployment"]}))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := w.askWeb(cookie, "GetApplication", `application_id: "`+app+`"`); err != nil || strings.Contains(got, "latest") {
		t.Errorf("got %s, %v", got, err)
	}
}

func hidden(text string, th ids) string {
	// The text format has one space or two, at random, so that nobody parses it.
	text = strings.Join(strings.Fields(text), " ")
	for name, id := range th {
		text = strings.ReplaceAll(text, id, name)
	}
	return text
}

// Without a session, no call but login and logout is answered.
func TestPeopleNeedASession(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for name, text := range asked() {
		_, err := w.askWeb("", name, fill(text, &agent{id: "x"}, "", strangers()))
		want := codes.Unauthenticated
		if name == "Logout" {
			want = codes.OK
		}
		wantCode(t, err, want)
	}
}

// A page of another site can call nothing, although the browser has a session:
// neither with what a form can send, nor with any protocol the server speaks.
func TestNoOtherSiteCanCall(t *testing.T) {
	t.Parallel()
	w := setup(t)
	cookie := w.cookie("dev")
	send := func(path, contentType string, more map[string]string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+w.addresses.Public+path, bytes.NewReader([]byte("{}")))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Cookie", cookie)
		r.Header.Set("Content-Type", contentType)
		for k, v := range more {
			r.Header.Set(k, v)
		}
		return w.do(r).StatusCode
	}
	origins := []map[string]string{
		{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site", "Origin": "http://a." + w.addresses.Public}, {"Origin": "https://evil.example"}, {"Origin": "null"},
	}
	protocols := []string{"application/json", "application/proto", "application/connect+json", "application/grpc-web+proto", "application/grpc-web-text", "application/grpc+proto"}
	paths := []string{"/webhook/github", "/webhook/gitlab", "/grpc.service.pipedservice.PipedService/ReportStat", "/pipecd.agent.v1.AgentService/Record", "/"}
	for name := range asked() {
		path := "/" + webService + name
		for _, simple := range []string{"text/plain", "text/plain; charset=application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
			if got := send(path, simple, nil); got != http.StatusUnsupportedMediaType {
				t.Errorf("%s took %s: %d", name, simple, got)
			}
		}
		paths = append(paths, path)
	}
	for _, path := range paths {
		for i, contentType := range protocols {
			more := maps.Clone(origins[i%len(origins)])
			more["Connect-Protocol-Version"] = "1"
			if got := send(path, contentType, more); got != http.StatusForbidden {
				t.Errorf("%s took %s with %v: %d", path, contentType, more, got)
			}
		}
	}
	for _, origin := range origins {
		if got := send("/"+webService+"Logout", "application/json", origin); got != http.StatusForbidden {
			t.Errorf("logged out by %v: %d", origin, got)
		}
	}
	if _, err := w.askWeb(cookie, "GetMe", ""); err != nil {
		t.Errorf("the session was ended: %v", err)
	}
	// The page itself may, also behind a proxy that rewrites Host.
	for _, own := range []map[string]string{{"Origin": "http://" + w.addresses.Public}, {"Origin": "http://pipecd.example"}, {"Sec-Fetch-Site": "same-origin"}} {
		own["Connect-Protocol-Version"] = "1"
		if got := send("/"+webService+"GetMe", "application/json", own); got != http.StatusOK {
			t.Errorf("from %v: %d", own, got)
		}
	}
}
