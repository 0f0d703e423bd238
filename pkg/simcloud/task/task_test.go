package task_test

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"pipecd/pkg/simcloud/task"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestVersion(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]string{
		"nginx":                                  "latest",
		"nginx:1.23-alpine":                      "1.23-alpine",
		"registry:5000/app":                      "latest",
		"registry:5000/team/app:v2":              "v2",
		"app@sha256:abc":                         "sha256:abc",
		"public.ecr.aws/nginx/nginx:v1@sha256:a": "v1",
	} {
		if got := task.Version(image); got != want {
			t.Errorf("Version(%q) = %q, want %q", image, got, want)
		}
	}
}

func FuzzVersion(f *testing.F) {
	for _, seed := range []string{"", "a:b", "h:1/a", "a@b", ":", "@", "/:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, image string) {
		if strings.Contains(image, "/") {
			return
		}
		if task.Version(image+":tag") == "" {
			t.Errorf("Version(%q) is empty", image+":tag")
		}
	})
}

func start(t *testing.T, env map[string]string) task.Instance {
	t.Helper()
	runner := task.NewServers(slog.New(slog.DiscardHandler))
	instance, err := runner.Start(t.Context(), task.Spec{ID: "t1", Image: "shop/web:v7", Environment: env})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(instance.Stop)
	return instance
}

func get(t *testing.T, instance task.Instance, path string) (*http.Response, string, error) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+instance.Addr()+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return response, string(body), nil
}

func TestServersAnswer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		env          map[string]string
		root, health int // 0: the connection is cut
	}{
		"behaves":           {nil, 200, 200},
		"errors":            {map[string]string{"FAULT": "errors"}, 500, 200},
		"errors, rate 0":    {map[string]string{"FAULT": "errors", "FAULT_RATE": "0"}, 200, 200},
		"drop":              {map[string]string{"FAULT": "drop"}, 0, 200},
		"unhealthy":         {map[string]string{"FAULT": "unhealthy"}, 200, 503},
		"slow":              {map[string]string{"FAULT": "slow", "FAULT_LATENCY": "1"}, 200, 200},
		"unknown, nonsense": {map[string]string{"FAULT": "confetti", "FAULT_RATE": "-x"}, 200, 200},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			instance := start(t, test.env)
			for path, want := range map[string]int{"/": test.root, task.HealthPath: test.health} {
				response, body, err := get(t, instance, path)
				if want == 0 {
					if err == nil {
						t.Errorf("GET %s: status %d, want a cut connection", path, response.StatusCode)
					}
					continue
				}
				if err != nil {
					t.Fatalf("GET %s: %v", path, err)
				}
				if response.StatusCode != want || response.Header.Get(task.VersionHeader) != "v7" {
					t.Errorf("GET %s: status %d version %q, want %d v7", path, response.StatusCode, response.Header.Get(task.VersionHeader), want)
				}
				if !strings.Contains(body, "v7") || !strings.Contains(body, "t1") {
					t.Errorf("GET %s: body %q names neither version nor task", path, body)
				}
			}
		})
	}
}

func TestServersExit(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env  map[string]string
		code int
	}{
		"crash":             {map[string]string{"FAULT": "crash", "FAULT_AFTER": "1", "FAULT_EXIT_CODE": "137"}, 137},
		"job":               {map[string]string{"EXIT_AFTER": "1", "EXIT_CODE": "3"}, 3},
		"job that succeeds": {map[string]string{"EXIT_AFTER": "0"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			instance := start(t, test.env)
			if exit := <-instance.Exited(); exit.Code != test.code {
				t.Errorf("exit code %d, want %d", exit.Code, test.code)
			}
			if _, _, err := get(t, instance, "/"); err == nil {
				t.Error("the server still answers after its exit")
			}
		})
	}
}

func TestServersStop(t *testing.T) {
	t.Parallel()
	instance := start(t, map[string]string{"EXIT_AFTER": "3600000"})
	instance.Stop()
	instance.Stop()
	if _, _, err := get(t, instance, "/"); err == nil {
		t.Error("the server still answers after Stop")
	}
	select {
	case exit := <-instance.Exited():
		t.Errorf("a stopped task reported the exit %v", exit)
	default:
	}
}

func TestNonsenseNumbersMeanDefaults(t *testing.T) {
	t.Parallel()
	app := task.NewApp(task.Spec{Environment: map[string]string{"FAULT": "crash", "FAULT_AFTER": "99999999999999999999"}})
	if after, code := app.Life(); after != 200*time.Millisecond || code != 1 {
		t.Errorf("Life() = %v, %d, want the defaults", after, code)
	}
	if app.Fault() != task.FaultCrash {
		t.Errorf("Fault() = %q", app.Fault())
	}
}
