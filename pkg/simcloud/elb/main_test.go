package elb_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"

	"pipecd/pkg/simcloud/elb"
	"pipecd/pkg/simcloud/metric"
	"pipecd/pkg/simcloud/target"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// static signs with credentials that mean nothing: the simulation has no secrets.
func static() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
	})
}

// bed is one world: load balancers, the SDK's client of their API, a client of
// their listeners.
type bed struct {
	*elb.Balancers
	api     *elbv2.Client
	client  *http.Client
	metrics *metric.Store
}

// quick checks health often, so that no test waits long.
func quick() elb.HealthCheck {
	return elb.HealthCheck{Path: "/healthz", Interval: 5 * time.Millisecond, Timeout: time.Second, HealthyThreshold: 2, UnhealthyThreshold: 2}
}

func world() elb.Config {
	return elb.Config{
		LoadBalancers: []elb.LoadBalancer{
			{Name: "web", Listeners: []elb.Listener{
				{
					DefaultActions: []elb.Action{{Forward: []elb.Weighted{{TargetGroup: "blue", Weight: 100}, {TargetGroup: "green", Weight: 0}}}},
					Rules: []elb.Rule{{
						Priority: 10, Paths: []string{"/api/*"},
						Actions: []elb.Action{{Forward: []elb.Weighted{{TargetGroup: "api", Weight: 1}}}},
					}},
				},
				{Port: 8443, Protocol: "HTTPS", DefaultActions: []elb.Action{oidc(), fixed()}},
			}},
			{Name: "other", Listeners: []elb.Listener{{
				Port: 8081, DefaultActions: []elb.Action{{Forward: []elb.Weighted{{TargetGroup: "foreign", Weight: 1}}}},
			}}},
		},
		TargetGroups: []elb.TargetGroup{
			{Name: "blue", HealthCheck: quick(), DeregistrationDelay: 30 * time.Second},
			{Name: "green", HealthCheck: quick(), DeregistrationDelay: -1},
			{Name: "api", HealthCheck: quick()},
			{Name: "foreign"},
			{Name: "idle", HealthCheck: quick()},
		},
	}
}

func oidc() elb.Action {
	return elb.Action{SDK: &types.Action{
		Type: types.ActionTypeEnumAuthenticateOidc, Order: aws.Int32(1),
		AuthenticateOidcConfig: &types.AuthenticateOidcActionConfig{
			Issuer: aws.String("https://id.example"), AuthorizationEndpoint: aws.String("https://id.example/a"),
			TokenEndpoint: aws.String("https://id.example/t"), UserInfoEndpoint: aws.String("https://id.example/u"),
			ClientId: aws.String("client"), ClientSecret: aws.String("hidden"),
			AuthenticationRequestExtraParams: map[string]string{"display": "page", "prompt": "login"},
			OnUnauthenticatedRequest:         types.AuthenticateOidcActionConditionalBehaviorEnumAuthenticate,
			SessionTimeout:                   aws.Int64(3600),
		},
	}}
}

func fixed() elb.Action {
	return elb.Action{SDK: &types.Action{
		Type: types.ActionTypeEnumFixedResponse, Order: aws.Int32(2),
		FixedResponseConfig: &types.FixedResponseActionConfig{
			StatusCode: aws.String("404"), ContentType: aws.String("text/plain"), MessageBody: aws.String("nothing <here> & there"),
		},
	}}
}

// newAPI serves the API of the world without starting its listeners.
func newAPI(t *testing.T, cfg elb.Config) bed {
	t.Helper()
	b, err := elb.New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		if err := b.Close(context.Background()); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	api := elbv2.New(elbv2.Options{
		Region: "ap-northeast-1", BaseEndpoint: aws.String(server.URL), HTTPClient: client,
		Credentials: static(), Retryer: aws.NopRetryer{},
	})
	return bed{Balancers: b, api: api, client: client, metrics: cfg.Metrics}
}

// setup serves the API and starts the listeners.
func setup(t *testing.T, cfg elb.Config) bed {
	t.Helper()
	// The fixed ports of world() would collide between parallel tests.
	for i := range cfg.LoadBalancers {
		for j := range cfg.LoadBalancers[i].Listeners {
			cfg.LoadBalancers[i].Listeners[j].Port = 0
		}
	}
	b := newAPI(t, cfg)
	if err := b.Start(t.Context()); err != nil {
		t.Fatalf("Start: %v", err)
	}
	return b
}

func (b bed) url(path string) string { return "http://" + b.ListenerAddr("web", 0) + path }

// get requests the path and returns the status and the body.
func (b bed) get(t *testing.T, path string) (int, string) {
	t.Helper()
	status, body, err := b.try(t.Context(), path)
	if err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	return status, body
}

func (b bed) try(ctx context.Context, path string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url(path), http.NoBody)
	if err != nil {
		return 0, "", err
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), errors.Join(err, resp.Body.Close())
}

// app starts a task's server that answers with the text and registers it.
func (b bed) app(t *testing.T, group, text string) target.Target {
	t.Helper()
	return b.serve(t, group, "", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-App-Version", text)
		_, _ = io.WriteString(w, text)
	}))
}

// serve starts a task's server; its health check always passes.
func (b bed) serve(t *testing.T, group, fault string, h http.Handler) target.Target {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	mux.Handle("/", h)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	tg := target.Target{ID: "10.0.0." + server.Listener.Addr().String(), Port: 80, Addr: server.Listener.Addr().String(), Fault: fault}
	if err := b.Register(b.TargetGroupARN(group), tg); err != nil {
		t.Fatalf("Register: %v", err)
	}
	return tg
}

// await waits until the target is in the state.
func (b bed) await(t *testing.T, group string, tg target.Target, want string) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		state, reason := b.Health(b.TargetGroupARN(group), tg)
		if state == want {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("the target of %s is %s (%s), want %s", group, state, reason, want)
		case <-time.After(time.Millisecond):
		}
	}
}

// route sets the default action of the first listener of "web".
func (b bed) route(t *testing.T, blue, green int32) {
	t.Helper()
	listeners, err := b.api.DescribeListeners(t.Context(), &elbv2.DescribeListenersInput{LoadBalancerArn: aws.String(b.LoadBalancerARN("web"))})
	if err != nil {
		t.Fatalf("DescribeListeners: %v", err)
	}
	_, err = b.api.ModifyListener(t.Context(), &elbv2.ModifyListenerInput{
		ListenerArn:    listeners.Listeners[0].ListenerArn,
		DefaultActions: []types.Action{forward(weighted(b.TargetGroupARN("blue"), blue), weighted(b.TargetGroupARN("green"), green))},
	})
	if err != nil {
		t.Fatalf("ModifyListener: %v", err)
	}
}

func weighted(arn string, weight int32) types.TargetGroupTuple {
	return types.TargetGroupTuple{TargetGroupArn: aws.String(arn), Weight: aws.Int32(weight)}
}

func forward(tuples ...types.TargetGroupTuple) types.Action {
	return types.Action{Type: types.ActionTypeEnumForward, ForwardConfig: &types.ForwardActionConfig{TargetGroups: tuples}}
}

// code returns the API's error code of err.
func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}
