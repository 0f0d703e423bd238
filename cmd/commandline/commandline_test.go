package commandline_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/spf13/pflag"

	"pipecd/cmd/commandline"
	"pipecd/pkg/config"
	"pipecd/pkg/logging"
)

func TestWarn(t *testing.T) {
	t.Parallel()
	problems := config.Problems{
		{File: "a.yaml", Line: 1, Column: 2, Message: `"odd"`, Severity: config.SeverityWarning},
		{File: "a.yaml", Line: 3, Column: 4, Message: "wrong", Severity: config.SeverityError},
	}
	const plain = "a.yaml:1:2: warning: \"odd\""
	for _, tt := range []struct {
		log  logging.Flags
		want string
		json bool
	}{
		{logging.Flags{Level: "info"}, plain + "\n", false},
		{logging.Flags{Level: "info", Encoding: "console"}, plain + "\n", false},
		{logging.Flags{Level: "error"}, "", false},
		{logging.Flags{Level: "info", Encoding: "json"}, plain, true},
	} {
		var out bytes.Buffer
		logger, err := logging.New(&out, tt.log)
		if err != nil {
			t.Fatal(err)
		}
		commandline.Warn(t.Context(), &out, problems, tt.log, logger)
		got := out.String()
		if tt.json {
			var entry struct{ Level, Msg string }
			if err := json.Unmarshal(out.Bytes(), &entry); err != nil || entry.Level != "WARN" {
				t.Errorf("%+v: not an entry: %s", tt.log, got)
			}
			got = entry.Msg
		}
		if got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt.log, got, tt.want)
		}
	}
}

func TestPort(t *testing.T) {
	t.Parallel()
	for value, ok := range map[string]bool{"0": true, "65535": true, "65536": false, "-1": false, "x": false, "": false, "80a": false} {
		flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
		var p int
		commandline.Port(flags, &p, "port", 8080, "a port")
		if p != 8080 {
			t.Errorf("the default is %d", p)
		}
		if err := flags.Parse([]string{"--port=" + value}); (err == nil) != ok {
			t.Errorf("%q: %v", value, err)
		}
	}
}
