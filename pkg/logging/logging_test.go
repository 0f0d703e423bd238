package logging_test

import (
	"bytes"
	"encoding/json"
	"log"
	"log/slog"
	"strings"
	"testing"

	"google.golang.org/grpc/grpclog"

	"pipecd/pkg/logging"
	"pipecd/pkg/model"
)

func TestNew(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		flags logging.Flags
		says  string // of the error; empty for none
		want  string // of the entry
	}{
		{logging.Flags{Level: "info"}, "", "level=WARN msg=hello n=1"},
		{logging.Flags{Level: "INFO", Encoding: "humanize"}, "", "level=WARN msg=hello n=1"},
		{logging.Flags{Level: "debug", Encoding: "console"}, "", "level=WARN msg=hello n=1"},
		{logging.Flags{Level: "warn", Encoding: "JSON"}, "", `"level":"WARN","msg":"hello","n":1}`},
		{logging.Flags{Level: "error"}, "", ""},
		{logging.Flags{Level: "loud"}, `--log-level: expected debug, info, warn or error, found "loud"`, ""},
		{logging.Flags{Level: "info", Encoding: "xml"}, `--log-encoding: expected humanize, console or json, found "xml"`, ""},
	} {
		var out bytes.Buffer
		logger, err := logging.New(&out, tt.flags)
		if tt.says != "" {
			if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%+v: error %v, want one that says %q", tt.flags, err, tt.says)
			}
			continue
		}
		if err != nil {
			t.Errorf("%+v: %v", tt.flags, err)
			continue
		}
		logger.WarnContext(t.Context(), "hello", slog.Int("n", 1))
		if got := out.String(); !strings.Contains(got, tt.want) || (tt.want == "" && got != "") {
			t.Errorf("%+v: got %q, want %q in it", tt.flags, got, tt.want)
		}
	}
}

// What libraries print has the shape of our own entries. It changes the whole
// process, so it does not run beside other tests.
func TestAdopt(t *testing.T) { //nolint:paralleltest // it sets the process's loggers
	before, flags, writer := slog.Default(), log.Flags(), log.Writer()
	t.Cleanup(func() {
		slog.SetDefault(before)
		log.SetFlags(flags)
		log.SetOutput(writer)
	})
	var out bytes.Buffer
	logger, err := logging.New(&out, logging.Flags{Level: "info", Encoding: "json"})
	if err != nil {
		t.Fatal(err)
	}
	logging.Adopt(logger)
	log.Print("from package log")
	slog.Warn("from slog") // as a library would
	grpclog.Info("daily life")
	grpclog.Warningf("connection to %s broke", "x")
	grpclog.Errorf("it is %s", "serious")

	var got []string
	for line := range strings.Lines(out.String()) {
		var entry struct{ Level, Msg, Library string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%q is not an entry: %v", line, err)
		}
		got = append(got, strings.TrimSpace(entry.Level+" "+entry.Msg+" "+entry.Library))
	}
	want := "INFO from package log, WARN from slog, WARN it is serious grpc"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
