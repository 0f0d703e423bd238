package elb_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/simcloud/elb"
	"pipecd/pkg/simcloud/metric"
	"pipecd/pkg/simcloud/target"
)

func TestWeightedSplit(t *testing.T) {
	t.Parallel()
	b := setup(t, world())
	blue, green := b.app(t, "blue", "v1"), b.app(t, "green", "v2")
	second := b.app(t, "blue", "v1")
	b.await(t, "blue", blue, "healthy")
	b.await(t, "blue", second, "healthy")
	b.await(t, "green", green, "healthy")

	const workers = 8
	for _, c := range []struct {
		weights  [2]int32
		requests int
	}{{[2]int32{80, 20}, 2000}, {[2]int32{100, 0}, 200}, {[2]int32{1, 3}, 400}} {
		weights, requests := c.weights, c.requests
		b.route(t, weights[0], weights[1])
		b.ResetCounts()
		var v2, failed atomic.Int64
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range requests / workers {
					status, body, err := b.try(t.Context(), "/")
					if err != nil || status != http.StatusOK {
						failed.Add(1)
					}
					if body == "v2" {
						v2.Add(1)
					}
				}
			})
		}
		wg.Wait()
		total := requests / workers * workers
		want := float64(total) * float64(weights[1]) / float64(weights[0]+weights[1])
		if got := float64(v2.Load()); got < want-2 || got > want+2 || failed.Load() > 0 {
			t.Errorf("weights %v: %v of %d requests went to green, want %v; %d failed", weights, got, total, want, failed.Load())
		}
		group, _ := b.Snapshot().TargetGroup("blue")
		if a, c := group.Targets[0].Requests, group.Targets[1].Requests; max(a, c)-min(a, c) > 1 {
			t.Errorf("weights %v: round robin gave %d and %d", weights, a, c)
		}
	}
}

func TestRulesAndOtherActions(t *testing.T) {
	t.Parallel()
	cfg := world()
	cfg.LoadBalancers[0].Listeners[0].Rules = append(cfg.LoadBalancers[0].Listeners[0].Rules,
		elb.Rule{Priority: 1, Paths: []string{"/old"}, Actions: []elb.Action{{SDK: &types.Action{
			Type: types.ActionTypeEnumRedirect,
			RedirectConfig: &types.RedirectActionConfig{
				StatusCode: types.RedirectActionStatusCodeEnumHttp301, Host: aws.String("new.example"), Path: aws.String("/#{path}/x"),
			},
		}}}},
		elb.Rule{Priority: 2, Hosts: []string{"*.blocked.example"}, Actions: []elb.Action{fixed()}},
	)
	b := setup(t, cfg)
	main, api := b.app(t, "blue", "main"), b.app(t, "api", "api")
	b.await(t, "blue", main, "healthy")
	b.await(t, "api", api, "healthy")

	for path, want := range map[string]string{"/": "main", "/api/x": "api", "/API/x": "main", "/apix": "main"} {
		if _, got := b.get(t, path); got != want {
			t.Errorf("%s was answered by %q, want %q", path, got, want)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url("/old?a=1"), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := b.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	location := resp.Header.Get("Location")
	if resp.StatusCode != http.StatusMovedPermanently || !strings.HasPrefix(location, "http://new.example:") || !strings.HasSuffix(location, "/old/x?a=1") {
		t.Errorf("redirect %d to %q", resp.StatusCode, location)
	}
	req.URL.Path, req.Host = "/", "Shop.Blocked.Example:80"
	resp, err = b.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusNotFound || string(body) != "nothing <here> & there" {
		t.Errorf("fixed response %d %q %v", resp.StatusCode, body, err)
	}
}

// gate is an application that answers when it is told to.
type gate struct{ entered, open chan struct{} }

func newGate() gate { return gate{make(chan struct{}, 1), make(chan struct{})} }

func (g gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.entered <- struct{}{}
	select {
	case <-g.open:
		_, _ = io.WriteString(w, "late")
	case <-r.Context().Done():
	}
}

func TestDrainingFinishesRequests(t *testing.T) {
	t.Parallel()
	b := setup(t, world())
	g := newGate()
	old := b.serve(t, "blue", "", g)
	b.await(t, "blue", old, "healthy")
	type result struct {
		status int
		body   string
	}
	results := make(chan result, 1)
	go func() {
		status, body, err := b.try(context.WithoutCancel(t.Context()), "/")
		if err != nil {
			body = err.Error()
		}
		results <- result{status, body}
	}()
	<-g.entered
	left := b.Deregister(b.TargetGroupARN("blue"), old) // drains for 30 s
	fresh := b.app(t, "blue", "fresh")
	b.await(t, "blue", old, "draining")
	b.await(t, "blue", fresh, "healthy")
	for range 5 {
		if status, body := b.get(t, "/"); body != "fresh" {
			t.Fatalf("a new request got %d %q while the old target drains", status, body)
		}
	}
	close(g.open)
	if got := <-results; got.status != http.StatusOK || got.body != "late" {
		t.Errorf("the request in flight got %+v", got)
	}
	select {
	case <-left:
		t.Error("the target was gone before its deregistration delay")
	default:
	}
	if errs := b.Snapshot().Errors; len(errs) != 0 {
		t.Errorf("errors %v", errs)
	}
}

func TestDeregistrationCutsWhatIsLeft(t *testing.T) {
	t.Parallel()
	b := setup(t, world())
	g := newGate()
	tg := b.serve(t, "green", "", g) // deregistration delay 0
	b.await(t, "green", tg, "healthy")
	b.route(t, 0, 1)
	statuses := make(chan int, 1)
	go func() {
		status, _, _ := b.try(context.WithoutCancel(t.Context()), "/")
		statuses <- status
	}()
	<-g.entered
	<-b.Deregister(b.TargetGroupARN("green"), tg)
	if got := <-statuses; got != http.StatusBadGateway {
		t.Errorf("the request was answered %d, want 502", got)
	}
	b.wantErrors(t, map[elb.Cause]uint64{elb.CauseRouting: 1})
	if state, reason := b.Health(b.TargetGroupARN("green"), tg); state != "unused" || reason != "Target.NotRegistered" {
		t.Errorf("a deregistered target is %s (%s)", state, reason)
	}
}

func (b bed) wantErrors(t *testing.T, want map[elb.Cause]uint64) {
	t.Helper()
	if diff := cmp.Diff(want, b.Snapshot().Errors); diff != "" {
		t.Errorf("errors by cause: %s\n%+v", diff, b.Snapshot().Records)
	}
}

func hijackAndDrop(_ http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }

func TestRequestIsNotSentTwice(t *testing.T) {
	t.Parallel()
	b := setup(t, world())
	var calls atomic.Int64
	tg := b.serve(t, "blue", "drop", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) > 1 {
			hijackAndDrop(w, r)
		}
	}))
	other := b.app(t, "green", "v2")
	b.await(t, "blue", tg, "healthy")
	b.await(t, "green", other, "healthy")
	b.get(t, "/") // leaves a connection that is used again
	status, _ := b.get(t, "/")
	if got := calls.Load(); status != http.StatusBadGateway || got != 2 {
		t.Errorf("the second request was answered %d and reached the target %d times", status, got-1)
	}
}

func TestGroupFailsOpen(t *testing.T) {
	t.Parallel()
	b := setup(t, world())
	var sick atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" && sick.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, "here")
	}))
	t.Cleanup(server.Close)
	tg := target.Target{ID: "10.0.0.3", Port: 80, Addr: server.Listener.Addr().String()}
	sick.Store(true)
	if err := b.Register(b.TargetGroupARN("blue"), tg); err != nil {
		t.Fatal(err)
	}
	b.await(t, "blue", tg, "unhealthy")
	if _, reason := b.Health(b.TargetGroupARN("blue"), tg); reason != "Target.ResponseCodeMismatch" {
		t.Errorf("the reason is %s", reason)
	}
	if status, body := b.get(t, "/"); status != http.StatusOK || body != "here" {
		t.Errorf("a group without a healthy target answered %d %q", status, body)
	}
	good := b.app(t, "blue", "good")
	b.await(t, "blue", good, "healthy")
	for range 4 {
		if _, body := b.get(t, "/"); body != "good" {
			t.Errorf("the unhealthy target got a request: %q", body)
		}
	}
	sick.Store(false)
	b.await(t, "blue", tg, "healthy")
}

func TestMetricsOfTraffic(t *testing.T) {
	t.Parallel()
	cfg := world()
	cfg.Metrics = metric.New(metric.Config{Resolution: time.Millisecond})
	cfg.MetricTags = []string{"env:prd"}
	b := setup(t, cfg)
	tg := b.serve(t, "blue", "drop", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/bad":
			w.WriteHeader(http.StatusInternalServerError)
		case "/drop":
			hijackAndDrop(w, r)
		}
	}))
	b.await(t, "blue", tg, "healthy")
	for _, path := range []string{"/", "/", "/", "/bad", "/bad", "/drop"} {
		b.get(t, path)
	}
	b.route(t, 0, 1) // green is empty
	b.get(t, "/")

	b.published(t, "aws.applicationelb.httpcode_elb_503")
	blue := "targetgroup:targetgroup/blue/" + last(b.TargetGroupARN("blue"))
	got := map[string]float64{}
	for _, name := range []string{
		"request_count", "httpcode_target_2xx", "httpcode_target_4xx", "httpcode_target_5xx",
		"httpcode_elb_5xx", "httpcode_elb_502", "httpcode_elb_503", "httpcode_elb_504",
	} {
		for _, s := range cfg.Metrics.Query("aws.applicationelb."+name, time.Unix(0, 0), time.Now().Add(time.Hour)) {
			perGroup := slices.Contains(s.Tags, blue)
			if perGroup == strings.HasPrefix(name, "httpcode_elb") {
				t.Errorf("%s has the tags %v", name, s.Tags)
			}
			for _, want := range []string{"env:prd", "hostname:" + b.DNSName("web"), "name:web", "region:ap-northeast-1", "loadbalancer:app/web/" + last(b.LoadBalancerARN("web"))} {
				if !slices.Contains(s.Tags, want) {
					t.Errorf("%s lacks the tag %s: %v", name, want, s.Tags)
				}
			}
			for _, p := range s.Points {
				got[name] += p.Value
			}
		}
	}
	want := map[string]float64{ // 4xx and 504 have no point: nothing happened
		"request_count": 6, "httpcode_target_2xx": 3, "httpcode_target_5xx": 2,
		"httpcode_elb_5xx": 2, "httpcode_elb_502": 1, "httpcode_elb_503": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	hosts := cfg.Metrics.Query("aws.applicationelb.healthy_host_count", time.Unix(0, 0), time.Now().Add(time.Hour))
	if len(hosts) == 0 {
		t.Error("no healthy_host_count was published")
	}
}

// published waits until the metric's bucket is complete.
func (b bed) published(t *testing.T, name string) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for len(b.metrics.Query(name, time.Unix(0, 0), time.Now().Add(time.Hour))) == 0 {
		select {
		case <-deadline:
			t.Fatalf("%s was not published", name)
		case <-time.After(time.Millisecond):
		}
	}
}

func last(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
