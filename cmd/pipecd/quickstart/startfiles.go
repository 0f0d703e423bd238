package quickstart

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// startFile is a configuration file to start from.
type startFile struct{ name, text string }

// startFiles are the files that are used, with the pace of a real cloud, and with
// placeholders for what only exists while the quickstart runs.
func startFiles() []startFile {
	arn := func(name, id string) string {
		return fmt.Sprintf("arn:aws:elasticloadbalancing:%s:%s:targetgroup/%s/%s", region, account, name, id)
	}
	primary, canary := arn("blue", "0123456789abcdef"), arn("green", "fedcba9876543210")
	g := errorRateGate(canary)
	g.pace = realPace()
	app := sampleFiles(release{version: "v1"}, primary, canary, g)
	return []startFile{
		{"control-plane.yaml", controlPlaneFile()},
		{"piped.yaml", pipedFile(pipedValues{
			pipedID: "<id shown when the piped was added>", keyFile: "/etc/piped-secret/piped-key", address: "localhost:8080",
			pace: g.pace, repoID: repoID, remote: "git@github.com:example/sample.git", credentialsFile: "/etc/piped-secret/credentials-key",
			datadogAddress: "datadoghq.com", apiKeyFile: "/etc/piped-secret/datadog-api-key", appKeyFile: "/etc/piped-secret/datadog-application-key",
		})},
		{"app.pipecd.yaml", app["app.pipecd.yaml"]},
		{"servicedef.yaml", app["servicedef.yaml"]},
		{"taskdef.yaml", app["taskdef.yaml"]},
	}
}

// printConfig prints the files one after the other, each under its name.
func printConfig(out io.Writer) error {
	for _, f := range startFiles() {
		if _, err := fmt.Fprintf(out, "# --- %s\n%s\n", f.name, f.text); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	return nil
}

// writeConfig writes the files into the directory, and none over one that is
// there.
func writeConfig(s Streams, dir string) error {
	if err := os.MkdirAll(dir, privateDir); err != nil {
		return fmt.Errorf("%w: --print-config: %w", ErrUsage, err)
	}
	for _, f := range startFiles() {
		path := filepath.Join(dir, f.name)
		if err := writeNew(path, f.text); errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%w: --print-config: %s exists already; name another directory", ErrUsage, path)
		} else if err != nil {
			return fmt.Errorf("--print-config: %w", err)
		}
		if _, err := fmt.Fprintln(s.Out, path); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	return nil
}

// writeNew writes a file that must not be there yet.
func writeNew(path, text string) (err error) {
	const private = 0o600
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, private)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.WriteString(f, text)
	return err
}
