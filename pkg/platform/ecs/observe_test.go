package ecs

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"

	"pipecd/pkg/telemetry"
	"pipecd/pkg/telemetry/telemetrytest"
)

func TestCallsToAWSAreObserved(t *testing.T) {
	status, body := http.StatusOK, `{"services":[]}`
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(far.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": far.URL, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
		"AWS_CA_BUNDLE": "", // of which a client of our own knows nothing
	} {
		t.Setenv(name, value)
	}
	tel := telemetry.New(telemetry.Options{Catalog: telemetry.Agent()})
	c, err := newClients(t.Context(), Config{Region: "eu-west-1", HTTPClient: far.Client(), Observer: tel})
	if err != nil {
		t.Fatal(err)
	}
	in := &awsecs.DescribeServicesInput{Services: []string{"web"}}
	if _, err := c.ecs.DescribeServices(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	status, body = http.StatusBadRequest, `{"__type":"AccessDeniedException","message":"no"}`
	if _, err := c.ecs.DescribeServices(t.Context(), in); err == nil {
		t.Fatal("a refusal is an error")
	}
	values := telemetrytest.Values(t, tel.Registry())
	for _, outcome := range []string{"ok", "permission_denied"} {
		name := `piped_aws_call_duration_seconds_count{operation="DescribeServices",outcome="` + outcome + `",service="ECS"}`
		if values[name] != 1 {
			t.Errorf("%s is %v, want 1", name, values[name])
		}
	}
}
