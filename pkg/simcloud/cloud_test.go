package simcloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/simcloud"
	simecs "pipecd/pkg/simcloud/ecs"
	"pipecd/pkg/simcloud/task"
	"pipecd/pkg/simcloud/wire"
)

func TestTasksBehindTheLoadBalancer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.service(2)
	b.release("v1", "blue")
	b.release("v2", "green", ecstypes.KeyValuePair{Name: aws.String("FAULT"), Value: aws.String("errors")})
	health := must[*elasticloadbalancingv2.DescribeTargetHealthOutput](b)(b.elb.DescribeTargetHealth(t.Context(), &elasticloadbalancingv2.DescribeTargetHealthInput{
		TargetGroupArn: aws.String(b.cloud.ELB.TargetGroupARN("green")),
	}))
	if len(health.TargetHealthDescriptions) != 2 {
		t.Errorf("%d targets in green, want 2", len(health.TargetHealthDescriptions))
	}
	listener := "http://" + b.cloud.ELB.ListenerAddr("shop", 0)
	for range 10 {
		if status, header, body := b.get(listener+"/", nil); status != http.StatusOK || header.Get("X-App-Version") != "v1" {
			t.Fatalf("status %d version %q body %q, want 200 v1", status, header.Get("X-App-Version"), body)
		}
	}
	status, _, body := b.get(b.url+"/api/state", nil)
	var state struct {
		TargetGroups []struct {
			Name     string
			Requests int
			Targets  []struct{ Version, State, Fault string }
		} `json:"target_groups"`
		Services []struct {
			Name     string
			TaskSets []struct {
				Version     string
				TargetGroup string `json:"target_group"`
				Steady      bool
			} `json:"task_sets"`
		}
		Calls int
	}
	if err := json.Unmarshal([]byte(body), &state); status != http.StatusOK || err != nil {
		t.Fatalf("state: %d %v", status, err)
	}
	if len(state.TargetGroups) != 2 || state.TargetGroups[0].Requests != 10 || state.TargetGroups[0].Targets[0].Version != "v1" || state.TargetGroups[1].Targets[0].Fault != "errors" {
		t.Errorf("target groups %+v", state.TargetGroups)
	}
	if sets := state.Services[0].TaskSets; len(sets) != 2 || sets[1].Version != "v2" || sets[1].TargetGroup != "green" || !sets[1].Steady {
		t.Errorf("task sets %+v", sets)
	}
	if state.Calls == 0 {
		t.Error("no calls were counted")
	}
}

// signalling runs every task as a server that tells of its first real request.
type signalling struct{ asked chan struct{} }

type signallingTask struct{ *httptest.Server }

func (s signalling) Start(context.Context, task.Spec) (task.Instance, error) {
	return signallingTask{httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != task.HealthPath {
			select {
			case s.asked <- struct{}{}:
			default:
			}
		}
	}))}, nil
}

func (s signallingTask) Addr() string             { return s.Listener.Addr().String() }
func (s signallingTask) Exited() <-chan task.Exit { return nil }
func (s signallingTask) Stop()                    { s.Close() }

func TestTrafficRunsFromStartToClose(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	b := setup(t, func(cfg *simcloud.Config) {
		cfg.Traffic = &simcloud.Traffic{LoadBalancer: "shop", RPS: 200}
		cfg.Runner = signalling{asked}
	})
	b.service(1)
	b.release("v1", "blue")
	<-asked
	// A page that is opened now shows what happened before.
	for remembered := 0; remembered == 0 && t.Context().Err() == nil; {
		var state struct {
			History  []struct{ Versions map[string]int }
			Versions []string
		}
		_, _, body := b.get(b.url+"/api/state", nil)
		if err := json.Unmarshal([]byte(body), &state); err != nil {
			t.Fatal(err)
		}
		for _, point := range state.History {
			remembered += point.Versions["v1"]
		}
	}
	if err := b.cloud.Close(t.Context()); err != nil {
		t.Error(err)
	}
	<-b.cloud.Traffic().Done()
	if b.cloud.Traffic().Snapshot().Requests == 0 {
		t.Error("requests arrived that nobody counted")
	}
}

func TestTrafficForNoListener(t *testing.T) {
	t.Parallel()
	cfg := world()
	cfg.Traffic = &simcloud.Traffic{LoadBalancer: "nope", RPS: 1}
	cloud, err := simcloud.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := cloud.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "nope") {
		t.Errorf("error %v, want one that names the load balancer", err)
	}
	if err := cloud.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTokenService(t *testing.T) {
	t.Parallel()
	b := setup(t)
	me := must[*sts.GetCallerIdentityOutput](b)(b.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))
	if *me.Account != "123456789012" || *me.Arn != "arn:aws:iam::123456789012:user/AKIATEST" {
		t.Errorf("account %s arn %s", *me.Account, *me.Arn)
	}
	role := must[*sts.AssumeRoleWithWebIdentityOutput](b)(b.sts.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String("arn:aws:iam::123456789012:role/piped"), RoleSessionName: aws.String("agent"), WebIdentityToken: aws.String("token"),
	}))
	if !role.Credentials.Expiration.After(time.Now()) {
		t.Errorf("credentials end at %v", role.Credentials.Expiration)
	}
	assumed := sts.NewFromConfig(b.aws, func(o *sts.Options) {
		o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{
				AccessKeyID: *role.Credentials.AccessKeyId, SecretAccessKey: *role.Credentials.SecretAccessKey, SessionToken: *role.Credentials.SessionToken,
			}, nil
		})
	})
	me = must[*sts.GetCallerIdentityOutput](b)(assumed.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))
	if *me.Arn != "arn:aws:sts::123456789012:assumed-role/piped/agent" {
		t.Errorf("arn %s", *me.Arn)
	}
	_, err := b.sts.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String("no-role-arn-at-all-really"), RoleSessionName: aws.String("agent"), WebIdentityToken: aws.String("token"),
	})
	if code(err) != "ValidationError" {
		t.Errorf("a role that is none: %v", err)
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	b := setup(t, func(cfg *simcloud.Config) {
		cfg.Denials = []simcloud.Denial{
			{AccessKeyID: "AKIALOCKED"}, {AccessKeyID: "AKIATEST", Action: "ecs:CreateService"},
		}
	})
	_, err := b.ecs.CreateService(t.Context(), &ecs.CreateServiceInput{ServiceName: aws.String("x")})
	denied, ok := errors.AsType[*ecstypes.AccessDeniedException](err)
	if !ok || !strings.Contains(denied.ErrorMessage(), "ecs:CreateService") {
		t.Errorf("error %v, want an AccessDeniedException that names the action", err)
	}
	must[*ecs.ListClustersOutput](b)(b.ecs.ListClusters(t.Context(), &ecs.ListClustersInput{}))

	locked := b.aws.Copy()
	locked.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIALOCKED", SecretAccessKey: "x"}, nil
	})
	_, err = elasticloadbalancingv2.NewFromConfig(locked).DescribeLoadBalancers(t.Context(), &elasticloadbalancingv2.DescribeLoadBalancersInput{})
	if code(err) != "AccessDenied" {
		t.Errorf("error %v, want AccessDenied", err)
	}
	elsewhere := b.aws.Copy()
	elsewhere.Region = "us-east-1"
	_, err = ecs.NewFromConfig(elsewhere).ListClusters(t.Context(), &ecs.ListClustersInput{})
	if code(err) != "InvalidSignatureException" || !strings.Contains(err.Error(), "us-east-1") {
		t.Errorf("signed for another region: %v", err)
	}

	for name, header := range map[string]map[string]string{
		"JSON":  {"X-Amz-Target": simecs.TargetPrefix + "ListClusters"},
		"query": {"Content-Type": "application/x-www-form-urlencoded"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("Action=DescribeLoadBalancers"))
		for key, value := range header {
			r.Header.Set(key, value)
		}
		w := httptest.NewRecorder()
		b.cloud.Handler().ServeHTTP(w, r)
		if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "MissingAuthenticationToken") {
			t.Errorf("%s without a signature: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestFaultsAndRecorder(t *testing.T) {
	t.Parallel()
	b := setup(t, func(cfg *simcloud.Config) {
		cfg.Faults = func(service, operation string, nth int) *wire.Fault {
			switch {
			case service == "ecs" && operation == "CreateService" && nth == 1:
				return &wire.Fault{Lost: true}
			case service == "ecs" && operation == "ListClusters" && nth == 1:
				return &wire.Fault{Error: wire.Throttled(), Delay: time.Millisecond}
			case service == "elasticloadbalancing" && nth == 1:
				return &wire.Fault{Error: wire.Unavailable()}
			case service == "datadog":
				return &wire.Fault{Error: wire.Unavailable()}
			}
			return nil
		}
	})
	in := &ecs.CreateServiceInput{
		Cluster: aws.String("prod"), ServiceName: aws.String("shop"), DesiredCount: aws.Int32(1), ClientToken: aws.String("t"),
		DeploymentController: &ecstypes.DeploymentController{Type: ecstypes.DeploymentControllerTypeExternal},
	}
	if _, err := b.ecs.CreateService(t.Context(), in); err == nil || code(err) != "" {
		t.Errorf("error %v, want a cut connection", err)
	}
	services := must[*ecs.ListServicesOutput](b)(b.ecs.ListServices(t.Context(), &ecs.ListServicesInput{Cluster: aws.String("prod")}))
	if len(services.ServiceArns) != 1 {
		t.Error("the call whose answer was lost was not done")
	}
	must[*ecs.CreateServiceOutput](b)(b.ecs.CreateService(t.Context(), in))
	_, err := b.ecs.ListClusters(t.Context(), &ecs.ListClustersInput{})
	if code(err) != "ThrottlingException" {
		t.Errorf("error %v, want ThrottlingException", err)
	}
	_, err = b.elb.DescribeLoadBalancers(t.Context(), &elasticloadbalancingv2.DescribeLoadBalancersInput{})
	if code(err) != "ServiceUnavailable" {
		t.Errorf("error %v, want ServiceUnavailable", err)
	}
	if status, _, _ := b.get(b.url+"/api/v1/query?query=x", nil); status != http.StatusServiceUnavailable {
		t.Errorf("Datadog: %d, want 503", status)
	}
	want := map[string]int{
		"ecs:CreateService": 2, "ecs:ListServices": 1, "ecs:ListClusters": 1,
		"elasticloadbalancing:DescribeLoadBalancers": 1, "datadog:/api/v1/query": 1,
	}
	if diff := cmp.Diff(want, b.cloud.CountCalls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	var statuses []int
	for _, call := range b.cloud.Calls() {
		statuses = append(statuses, call.Status)
		if call.At.IsZero() {
			t.Errorf("call without a time: %+v", call)
		}
	}
	if diff := cmp.Diff([]int{0, 200, 200, 400, 503, 503}, statuses); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestUnknownServicesAndPaths(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.sts.GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
	if code(err) != "InvalidAction" {
		t.Errorf("an operation of the token service that is not simulated: %v", err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("{}"))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/20260101/ap-northeast-1/dynamodb/aws4_request, SignedHeaders=host, Signature=x")
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810.ListTables")
	w := httptest.NewRecorder()
	b.cloud.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "UnknownOperationException") {
		t.Errorf("another service: %d %s", w.Code, w.Body)
	}
	if status, _, _ := b.get(b.url+"/nope", nil); status != http.StatusNotFound {
		t.Errorf("an unknown path: %d, want 404", status)
	}
}

func TestDatadogIsReachable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if status, _, _ := b.get(b.url+"/api/v1/validate", map[string]string{"DD-API-KEY": "api"}); status != http.StatusOK {
		t.Errorf("with the key: %d, want 200", status)
	}
	if status, _, _ := b.get(b.url+"/api/v1/validate", nil); status != http.StatusForbidden {
		t.Errorf("without a key: %d, want 403", status)
	}
}

func TestPageLoadsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	status, header, body := b.get(b.url+"/", nil)
	if status != http.StatusOK || !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") || !strings.Contains(body, "page.js") {
		t.Errorf("page: %d %v", status, header)
	}
	for _, path := range []string{"/", "/page.css", "/page.js"} {
		if _, _, text := b.get(b.url+path, nil); strings.Contains(strings.ReplaceAll(text, "http://www.w3.org/2000/svg", ""), "//www") || strings.Contains(text, "https://") {
			t.Errorf("%s names another host", path)
		}
	}
}

func TestWrongConfigurations(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*simcloud.Config){
		"cluster": func(cfg *simcloud.Config) { cfg.Clusters[0].Name = "a b" },
		"load balancer": func(cfg *simcloud.Config) {
			cfg.LoadBalancers[0].Listeners[0].DefaultActions[0].Forward[0].TargetGroup = "nope"
		},
	} {
		cfg := world()
		change(&cfg)
		if _, err := simcloud.New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
