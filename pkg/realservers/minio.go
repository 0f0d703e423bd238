package realservers

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// MinIOVersion is the version that `make minio` installs as bin/tools/minio.
const MinIOVersion = "v0.0.0-20260212201848-7aac2a2c5b7c"

// The keys of a MinIO of ours.
const (
	MinIOAccessKey = "pipecd-test"
	MinIOSecretKey = "only on loopback"
)

// MinIO is an object store with its own directory.
type MinIO struct {
	process

	port string
}

// StartMinIO starts a server that keeps its objects below dir.
func StartMinIO(ctx context.Context, dir string) (*MinIO, error) {
	server, err := findMinIO()
	if err != nil {
		return nil, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	m := &MinIO{port: port}
	m.process = process{
		name: "MinIO", grace: 20 * time.Second, ready: m.answers, //nolint:mnd // see the field
		command: func() *exec.Cmd {
			c := exec.Command(server, "server", "--quiet", "--address", "127.0.0.1:"+port, "--console-address", "127.0.0.1:0", filepath.Join(dir, "minio")) //nolint:gosec,noctx // found above; ends with its owner
			c.Env = append(os.Environ(), "MINIO_ROOT_USER="+MinIOAccessKey, "MINIO_ROOT_PASSWORD="+MinIOSecretKey,
				"MINIO_UPDATE=off", "MINIO_BROWSER=off", "HOME="+dir, "MINIO_CI_CD=on") // CI_CD: its disk may be the machine's only one
			return c
		},
	}
	err = m.Start(ctx)
	return m, err
}

// Endpoint is the server's URL.
func (m *MinIO) Endpoint() string { return "http://127.0.0.1:" + m.port }

func (m *MinIO) answers(ctx context.Context) error {
	const timeout = time.Second
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.Endpoint()+"/minio/health/cluster", http.NoBody)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", answer.Status)
	}
	return nil
}

// findMinIO looks for MINIO_BINARY, the project's bin/tools and the search path.
func findMinIO() (string, error) {
	candidates := []string{os.Getenv("MINIO_BINARY")}
	if _, file, _, ok := runtime.Caller(0); ok {
		candidates = append(candidates, filepath.Join(filepath.Dir(file), "..", "..", "bin", "tools", "minio"))
	}
	for _, candidate := range candidates {
		if info, err := os.Stat(candidate); err == nil && !info.IsDir() { //nolint:gosec // whoever runs the tests names it
			return candidate, nil
		}
	}
	return find("minio", "", "run make minio, which builds it in a few minutes")
}
