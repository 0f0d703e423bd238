package server_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/protobuf/encoding/protojson"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// post sends a call of the web service as JSON, as a browser without our client
// would.
func (w *world) post(method string, body any, header http.Header) *http.Response {
	w.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost,
		"http://"+w.addresses.Public+"/pipecd.web.v1.WebService/"+method, bytes.NewReader(raw))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header = header
	return w.do(r)
}

func (w *world) do(r *http.Request) *http.Response {
	w.t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func browser() http.Header {
	return http.Header{"Content-Type": {"application/json"}, "Connect-Protocol-Version": {"1"}}
}

func TestWebLoginCookie(t *testing.T) {
	t.Parallel()
	w := setup(t)
	resp := w.post("Login", map[string]string{"projectId": "dev", "username": "admin", "password": password}, browser())
	if resp.StatusCode != http.StatusOK || len(resp.Cookies()) != 1 {
		t.Fatalf("got %s with cookies %v", resp.Status, resp.Cookies())
	}
	c := resp.Cookies()[0]
	if c.Name != "token" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.MaxAge != 7*24*3600 {
		t.Errorf("got cookie %s", c)
	}
	for name, value := range map[string]string{
		"no cookie":         "",
		"an odd cookie":     "nonsense; token",
		"a changed token":   "token=" + c.Value[:len(c.Value)-4] + "AAAA",
		"no signature":      "token=" + strings.Join(strings.Split(c.Value, ".")[:2], ".") + ".",
		"algorithm none":    "token=eyJhbGciOiJub25lIn0." + strings.Split(c.Value, ".")[1] + ".",
		"an enormous token": "token=" + strings.Repeat("a", 20_000),
	} {
		header := browser()
		header.Set("Cookie", value)
		if got := w.post("GetMe", struct{}{}, header); got.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: got %s, want it refused", name, got.Status)
		}
	}
	header := browser()
	header.Set("Cookie", "nonsense; =; token="+c.Value)
	if got := w.post("GetMe", struct{}{}, header); got.StatusCode != http.StatusOK {
		t.Errorf("got %s beside an odd cookie, want it accepted", got.Status)
	}
}

func TestWebCrossSite(t *testing.T) {
	t.Parallel()
	w := setup(t)
	body := map[string]string{"projectId": "dev", "username": "admin", "password": password}
	plain := browser()
	plain.Del("Connect-Protocol-Version")
	if got := w.post("Login", body, plain); got.StatusCode != http.StatusBadRequest {
		t.Errorf("without the protocol's header: got %s", got.Status)
	}
	cross := browser()
	cross.Set("Sec-Fetch-Site", "cross-site")
	if got := w.post("Login", body, cross); got.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: got %s", got.Status)
	}
	foreign := browser()
	foreign.Set("Origin", "https://evil.example")
	if got := w.post("Login", body, foreign); got.StatusCode != http.StatusForbidden {
		t.Errorf("from another origin: got %s", got.Status)
	}
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	if got := w.post("Login", body, form); got.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("as a form: got %s", got.Status)
	}
}

func TestWebLoginRefusesAlike(t *testing.T) {
	t.Parallel()
	w := setup(t)
	sentences := map[string]bool{}
	for _, req := range []*webv1.LoginRequest{
		{ProjectId: "dev", Username: "admin", Password: "wrong"},
		{ProjectId: "dev", Username: "nobody", Password: password},
		{ProjectId: "nowhere", Username: "admin", Password: password},
		{ProjectId: "dev", Username: "admin", Password: password + strings.Repeat("x", 100)},
	} {
		_, err := w.web().Login(t.Context(), req)
		wantWebCode(t, err, connect.CodeUnauthenticated)
		sentences[err.Error()] = true
	}
	if len(sentences) != 1 {
		t.Errorf("got different answers: %v", sentences)
	}
}

func TestWebLoginThrottle(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.web()
	attempt := func(project, password string) error {
		_, err := c.Login(t.Context(), &webv1.LoginRequest{ProjectId: project, Username: "admin", Password: password})
		return err
	}
	var err error
	tries := 0
	for ; tries < 50; tries++ {
		if err = attempt("dev", "wrong"); connect.CodeOf(err) == connect.CodeResourceExhausted {
			break
		}
	}
	if tries < 5 || tries > 15 {
		t.Errorf("the account was throttled after %d attempts (%v)", tries, err)
	}
	wantWebCode(t, attempt("dev", password), connect.CodeResourceExhausted)
	if err := attempt("other", password); err != nil {
		t.Errorf("another account: %v", err)
	}
}

func TestWebSessionEndsWithThePassword(t *testing.T) {
	t.Parallel()
	w := setup(t)
	hash := func(p string) string {
		h, err := bcrypt.GenerateFromPassword([]byte(p), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		return string(h)
	}
	err := w.store.AddProject(t.Context(), &model.Project{
		ID: "stored", StaticAdmin: &model.StaticAdmin{Username: "admin", PasswordHash: hash(password)}, CreatedAt: time.Now(), UpdatedAt: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	c := w.user("stored")
	me, err := c.GetMe(t.Context(), &webv1.GetMeRequest{})
	if err != nil || me.GetProjectId() != "stored" || me.GetUsername() != "admin" {
		t.Fatalf("got %v, %v", me, err)
	}
	_, err = w.store.UpdateProject(t.Context(), "stored", func(p *model.Project) error {
		p.StaticAdmin.PasswordHash = hash("another")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantWebCode(t, refusedSoon(t, func() error {
		_, err := c.GetMe(t.Context(), &webv1.GetMeRequest{})
		return err
	}), connect.CodeUnauthenticated)

	c = w.user("dev")
	if _, err := c.Logout(t.Context(), &webv1.LogoutRequest{}); err != nil {
		t.Fatal(err)
	}
	_, err = c.GetMe(t.Context(), &webv1.GetMeRequest{})
	wantWebCode(t, err, connect.CodeUnauthenticated)
}

func TestWebAddApplication(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a, c := w.agent("dev", "a"), w.user("dev")
	never, err := c.RegisterPiped(t.Context(), &webv1.RegisterPipedRequest{Name: "never started"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.RegisterPiped(t.Context(), &webv1.RegisterPipedRequest{Name: "never started"})
	wantWebCode(t, err, connect.CodeAlreadyExists)
	for _, test := range []struct {
		name   string
		change func(*webv1.AddApplicationRequest)
		code   connect.Code
		says   string
	}{
		{"never connected", func(r *webv1.AddApplicationRequest) { r.PipedId = never.GetId() }, connect.CodeFailedPrecondition, "start it first"},
		{"unknown piped", func(r *webv1.AddApplicationRequest) { r.PipedId = "x" }, connect.CodeNotFound, ""},
		{"unknown repository", func(r *webv1.AddApplicationRequest) { r.RepoId = "x" }, connect.CodeInvalidArgument, "it has shop"},
		{"unknown provider", func(r *webv1.AddApplicationRequest) { r.PlatformProvider = "x" }, connect.CodeInvalidArgument, "it has ecs"},
		{"outside", func(r *webv1.AddApplicationRequest) { r.Path = "../x" }, connect.CodeInvalidArgument, ""},
		{"not ECS", func(r *webv1.AddApplicationRequest) { r.Kind = modelpb.ApplicationKind_KUBERNETES }, connect.CodeInvalidArgument, ""},
		{"no name", func(r *webv1.AddApplicationRequest) { r.Name = "" }, connect.CodeInvalidArgument, "invalid request: name"},
	} {
		req := &webv1.AddApplicationRequest{Name: "web", PipedId: a.id, PlatformProvider: provider, RepoId: repoID, Path: "", Kind: modelpb.ApplicationKind_ECS}
		test.change(req)
		_, err := c.AddApplication(t.Context(), req)
		if connect.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v, want %s with %q", test.name, err, test.code, test.says)
		}
	}
	id := w.application("dev", a, "web")
	got, err := c.GetApplication(t.Context(), &webv1.GetApplicationRequest{ApplicationId: id})
	if err != nil {
		t.Fatal(err)
	}
	if g := got.GetApplication().GetApplication().GetGitPath(); g.GetPath() != "web" || g.GetConfigFilename() != "app.pipecd.yaml" || g.GetRepo().GetBranch() != "main" ||
		g.GetUrl() != "https://github.example.com/shop/tree/main/web" {
		t.Errorf("got %v", g)
	}
	_, err = c.AddApplication(t.Context(), &webv1.AddApplicationRequest{
		Name: "again", PipedId: a.id, PlatformProvider: provider, RepoId: repoID, Path: "./web/", Kind: modelpb.ApplicationKind_ECS,
	})
	wantWebCode(t, err, connect.CodeAlreadyExists)
}

func TestWebNeverShowsKeys(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.agent("dev", "a")
	resp, err := w.user("dev").ListPipeds(t.Context(), &webv1.ListPipedsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := protojson.Marshal(resp)
	if err != nil || !bytes.Contains(text, []byte(`"name"`)) || bytes.Contains(text, []byte("sha256$")) || bytes.Contains(text, []byte("hash")) {
		t.Errorf("got %s, %v", text, err)
	}
}

func TestWebStageOperations(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	app := w.application("dev", a, "web")
	id := w.deployment("dev", a, app, model.StageWaitApproval, model.StageAnalysis)
	pending := w.deployment("dev", a, app)
	c, ctx := w.user("dev"), t.Context()
	approve := func(stage model.StageName) error {
		_, err := c.ApproveStage(ctx, &webv1.ApproveStageRequest{DeploymentId: id, StageId: string(stage)})
		return err
	}
	skip := func(stage model.StageName) error {
		_, err := c.SkipStage(ctx, &webv1.SkipStageRequest{DeploymentId: id, StageId: string(stage)})
		return err
	}
	approvers := func(names string) {
		_, err := a.SaveStageMetadata(a.ctx, &pipedservice.SaveStageMetadataRequest{
			DeploymentId: id, StageId: string(model.StageWaitApproval), Metadata: map[string]string{"Approvers": names},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	wantWebCode(t, approve("none"), connect.CodeNotFound)
	wantWebCode(t, approve(model.StageAnalysis), connect.CodeFailedPrecondition)
	wantWebCode(t, skip(model.StageWaitApproval), connect.CodeFailedPrecondition)
	approvers("alice, bob")
	wantWebCode(t, approve(model.StageWaitApproval), connect.CodePermissionDenied)
	approvers("alice, admin")
	for _, err := range []error{approve(model.StageWaitApproval), skip(model.StageAnalysis)} {
		if err != nil {
			t.Error(err)
		}
	}
	if _, err := c.CancelDeployment(ctx, &webv1.CancelDeploymentRequest{DeploymentId: pending}); err != nil {
		t.Errorf("cancelling one that waits: %v", err)
	}
	w.complete(a, id)
	_, err := c.CancelDeployment(ctx, &webv1.CancelDeploymentRequest{DeploymentId: id})
	wantWebCode(t, err, connect.CodeFailedPrecondition)
	wantWebCode(t, approve(model.StageWaitApproval), connect.CodeFailedPrecondition)

	list, err := a.ListUnhandledCommands(a.ctx, &pipedservice.ListUnhandledCommandsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, cmd := range list.GetCommands() {
		types = append(types, cmd.GetType().String())
	}
	if got := strings.Join(types, " "); got != "APPROVE_STAGE SKIP_STAGE CANCEL_DEPLOYMENT" {
		t.Errorf("got commands %s", got)
	}
}
