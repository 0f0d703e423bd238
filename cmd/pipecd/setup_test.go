package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shell runs commands as a user would, with a home directory of its own.
type shell struct {
	t   *testing.T
	dir string
}

func newShell(t *testing.T) *shell {
	t.Helper()
	return &shell{t: t, dir: t.TempDir()}
}

// result is what a command did.
type result struct {
	code     int
	out, err string
}

func (s *shell) getenv(name string) string {
	switch name {
	case "HOME":
		return s.dir
	case sessionFileEnv:
		return filepath.Join(s.dir, "session.json")
	default:
		return ""
	}
}

// try runs a command line; words are separated by spaces, and a last space makes
// an empty word, as shells ask what could stand there.
func (s *shell) try(stdin, line string) result {
	s.t.Helper()
	var out, errOut bytes.Buffer
	words := strings.Fields(line)
	if strings.HasSuffix(line, " ") {
		words = append(words, "")
	}
	code := execute(s.t.Context(), env{
		args: words, in: strings.NewReader(stdin), out: &out, err: &errOut, getenv: s.getenv,
	})
	return result{code: code, out: out.String(), err: errOut.String()}
}

// run is try for a command that must succeed. It returns the output.
func (s *shell) run(stdin, line string) string {
	s.t.Helper()
	r := s.try(stdin, line)
	if r.code != exitOK {
		s.t.Fatalf("pipecd %s: exit code %d\n%s%s", line, r.code, r.out, r.err)
	}
	return r.out
}

func (s *shell) write(name, content string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// serve starts a server with the configuration and returns its address. It is
// stopped at the end of the test, or by stop.
func (s *shell) serve(config string) (address string, stop func()) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	logReader, logWriter := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		code := execute(ctx, env{
			args: []string{
				"server", "--config-file=" + config, "--data-dir=" + filepath.Join(s.dir, "data"), "--host=127.0.0.1",
				"--port=0", "--admin-port=0", "--log-encoding=json", "--insecure-cookie",
			},
			in: strings.NewReader(""), out: io.Discard, err: logWriter, getenv: s.getenv,
		})
		_ = logWriter.Close()
		ended <- code
	}()
	stopped := false
	stop = func() {
		cancel()
		if stopped {
			return
		}
		stopped = true
		if code := <-ended; code != exitOK {
			s.t.Errorf("the server ended with exit code %d", code)
		}
	}
	s.t.Cleanup(stop)
	lines := bufio.NewScanner(logReader)
	for lines.Scan() {
		var entry struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Address != "" {
			go func() { _, _ = io.Copy(io.Discard, logReader) }()
			return "http://" + entry.Address, stop
		}
		s.t.Logf("server: %s", lines.Text())
	}
	s.t.Fatal("the server did not start")
	return "", nil
}
