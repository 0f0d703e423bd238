package ecs

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"

	"pipecd/pkg/model"
)

// slow is an ECS that takes a while for each DescribeServices and may not show
// one of the services.
type slow struct {
	mu     sync.Mutex
	calls  []int // how many services each call asked for
	denied string
}

func (s *slow) Do(r *http.Request) (*http.Response, error) {
	var in struct{ Services []string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	time.Sleep(100 * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, len(in.Services))
	type service struct {
		ServiceName string `json:"serviceName"`
		Status      string `json:"status"`
	}
	var found []service
	for _, name := range in.Services {
		if name == s.denied {
			return answered(http.StatusBadRequest, map[string]string{"__type": "AccessDeniedException", "message": "no"}), nil
		}
		found = append(found, service{name, statusActive})
	}
	return answered(http.StatusOK, map[string]any{"services": found}), nil
}

func answered(status int, body any) *http.Response {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	header := http.Header{"Content-Type": {"application/x-amz-json-1.1"}}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader(text))}
}

// TestServicesAreReadTogether: many that ask at the same time cost a tenth of the
// calls, nobody who asks alone waits for company, and what is not allowed for one
// service is not the others'.
func TestServicesAreReadTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far := &slow{}
		s := newServices(awsecs.New(awsecs.Options{
			Region: "eu-west-1", HTTPClient: far, BaseEndpoint: aws.String("http://aws.test"), Credentials: aws.AnonymousCredentials{},
		}))
		all := func(n int) map[string]error {
			var (
				wait sync.WaitGroup
				mu   sync.Mutex
				errs = map[string]error{}
			)
			for i := range n {
				name := "s" + strconv.Itoa(i)
				wait.Go(func() {
					out, err := s.describe(t.Context(), "prod", name)
					if err == nil && (len(out) != 1 || aws.ToString(out[0].ServiceName) != name) {
						err = model.Errorf(model.CodeInternal, "got %d services", len(out))
					}
					mu.Lock()
					defer mu.Unlock()
					errs[name] = translate(err, "reading")
				})
			}
			wait.Wait()
			return errs
		}
		began := time.Now()
		all(1)
		if took := time.Since(began); took != 100*time.Millisecond {
			t.Errorf("one alone took %s", took)
		}
		far.calls = nil
		for name, err := range all(100) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := len(far.calls); n > 12 {
			t.Errorf("%d calls for 100 services: %v", n, far.calls)
		}
		far.denied = "s3"
		for name, err := range all(10) {
			if (model.CodeOf(err) == model.CodePermissionDenied) != (name == "s3") {
				t.Errorf("%s: %v", name, err)
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.waiting) != 0 {
			t.Errorf("%d clusters are still asked about", len(s.waiting))
		}
	})
}
