package wire_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pipecd/pkg/simcloud/wire"
)

var unexported = cmpopts.IgnoreUnexported(
	types.TaskSet{}, types.Scale{}, types.Tag{}, types.LoadBalancer{}, types.NetworkConfiguration{},
	types.AwsVpcConfiguration{}, awsecs.RegisterTaskDefinitionInput{}, types.ContainerDefinition{}, types.KeyValuePair{},
)

func TestEncode(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC)
	set := types.TaskSet{
		Id: aws.String("x"), CreatedAt: &at, LaunchType: types.LaunchTypeFargate,
		Scale: &types.Scale{Unit: types.ScaleUnitPercent, Value: 12.5}, LoadBalancers: []types.LoadBalancer{},
	}
	got, err := wire.Encode(&set)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"computedDesiredCount":0,"createdAt":1767323045.600,"id":"x","launchType":"FARGATE","loadBalancers":[],` +
		`"pendingCount":0,"runningCount":0,"scale":{"unit":"PERCENT","value":12.5}}`
	if string(got) != want {
		t.Errorf("encoded\n%s\nwant\n%s", got, want)
	}
	var back types.TaskSet
	if err := wire.Decode(got, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(set, back, unexported, cmpopts.EquateApproxTime(time.Millisecond)); diff != "" {
		t.Errorf("back again (-want +got):\n%s", diff)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	var in awsecs.RegisterTaskDefinitionInput
	body := `{"family":"shop","Family":"not this","unknown":[1],"cpu":null,"containerDefinitions":[
		{"name":"web","dockerLabels":{"a":"b"},"environment":[{"name":"A","value":"1"}],"memory":128,"essential":false}]}`
	if err := wire.Decode([]byte(body), &in); err != nil {
		t.Fatal(err)
	}
	want := awsecs.RegisterTaskDefinitionInput{
		Family: aws.String("shop"),
		ContainerDefinitions: []types.ContainerDefinition{{
			Name: aws.String("web"), DockerLabels: map[string]string{"a": "b"}, Memory: aws.Int32(128), Essential: aws.Bool(false),
			Environment: []types.KeyValuePair{{Name: aws.String("A"), Value: aws.String("1")}},
		}},
	}
	if diff := cmp.Diff(want, in, unexported); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeNamesTheWrongMember(t *testing.T) {
	t.Parallel()
	for body, path := range map[string]string{
		`{"family":1}`: "family",
		`{"containerDefinitions":[{},{"memory":"big"}]}`:      "containerDefinitions[1].memory",
		`{"containerDefinitions":{}}`:                         "containerDefinitions",
		`{"containerDefinitions":[{"memory":1.5}]}`:           "containerDefinitions[0].memory",
		`{"containerDefinitions":[{"essential":"true"}]}`:     "containerDefinitions[0].essential",
		`{"containerDefinitions":[{"dockerLabels":{"a":1}}]}`: "containerDefinitions[0].dockerLabels.a",
		`{} {}`: "more than one",
	} {
		var in awsecs.RegisterTaskDefinitionInput
		refusal, ok := errors.AsType[*wire.Error](wire.Decode([]byte(body), &in))
		if !ok || refusal.Code != "SerializationException" || !strings.Contains(refusal.Message, path) {
			t.Errorf("%s: %v, want a SerializationException about %s", body, refusal, path)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{``, `{}`, `{"family":"x"}`, `{"tags":[{"key":"a"}]}`, `{"containerDefinitions":[null]}`, `{"":1}`, `[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var in awsecs.RegisterTaskDefinitionInput
		if wire.Decode(body, &in) != nil {
			return
		}
		out, err := wire.Encode(&in)
		if err != nil || !json.Valid(out) {
			t.Errorf("decoded %q cannot be encoded: %s %v", body, out, err)
		}
	})
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	const good = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/ecs/aws4_request, SignedHeaders=host, Signature=abc"
	for header, code := range map[string]string{
		good:               "",
		"":                 "MissingAuthenticationToken",
		"Bearer x":         "IncompleteSignature",
		"AWS4-HMAC-SHA256": "IncompleteSignature",
		"AWS4-HMAC-SHA256 Credential=AKIA/20260101/ecs/aws4_request, SignedHeaders=host, Signature=abc": "IncompleteSignature",
		"AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/ecs/aws4_request, SignedHeaders=host":      "IncompleteSignature",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody)
		r.Header.Set("Authorization", header)
		credential, refusal := wire.Authenticate(r)
		switch {
		case code == "" && (refusal != nil || credential != wire.Credential{AccessKeyID: "AKIA", Region: "eu-west-1", Service: "ecs"}):
			t.Errorf("%q: %v, %v", header, credential, refusal)
		case code != "" && (refusal == nil || refusal.Code != code || refusal.HTTPStatus() != http.StatusForbidden):
			t.Errorf("%q: %v, want %s", header, refusal, code)
		}
	}
}

func TestErrorsOnTheWire(t *testing.T) {
	t.Parallel()
	refusal := &wire.Error{Code: "ConflictException", Message: "taken", Fields: map[string]any{"resourceIds": []string{"a"}}}
	w := httptest.NewRecorder()
	refusal.WriteJSON(w)
	if got := w.Body.String(); w.Code != http.StatusBadRequest || got != `{"__type":"ConflictException","message":"taken","resourceIds":["a"]}` {
		t.Errorf("JSON: %d %s", w.Code, got)
	}
	w = httptest.NewRecorder()
	id := wire.NewRequestID(w)
	wire.Unavailable().WriteQuery(w, "urn:x")
	want := `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<ErrorResponse xmlns="urn:x"><Error><Type>Receiver</Type><Code>ServiceUnavailable</Code>` +
		`<Message>The service is temporarily unavailable.</Message></Error><RequestId>` + id + `</RequestId></ErrorResponse>`
	if got := w.Body.String(); w.Code != http.StatusServiceUnavailable || got != want {
		t.Errorf("query: %d\n%s\nwant\n%s", w.Code, got, want)
	}
}
