package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"pipecd/cmd/commandline"
	"pipecd/pkg/config"
	"pipecd/pkg/git/gitcli"
	"pipecd/pkg/platform/ecs"
)

// loadConfig reads the configuration and looks at the files it names. Warnings
// are told; errors come all at once.
func loadConfig(ctx context.Context, f runFlags, stderr io.Writer, logger *slog.Logger) (*config.Piped, error) {
	var (
		cfg      *config.Piped
		problems config.Problems
	)
	checks := pipedChecks(ctx)
	switch {
	case f.configFile != "" && f.configData != "":
		return nil, errors.New("give --config-file or --config-data, not both")
	case f.configFile != "":
		cfg, problems = config.ReadPipedFile(f.configFile, checks...)
	case f.configData != "":
		data, err := base64.StdEncoding.DecodeString(f.configData)
		if err != nil {
			return nil, fmt.Errorf("--config-data is not base64: %w", err)
		}
		cfg, problems = config.LoadPiped("--config-data", data, checks...)
	default:
		return nil, errors.New("no configuration: give --config-file; see `piped run --help`")
	}
	commandline.Warn(ctx, stderr, problems, f.log, logger)
	return cfg, problems.Err()
}

// pipedChecks are the rules of a configuration that is used on this machine.
func pipedChecks(ctx context.Context) []config.Check[config.Piped] {
	return []config.Check[config.Piped]{
		config.CheckFiles[config.Piped], checkSSHKey,
		func(cfg *config.Piped, r *config.Report) { checkAWS(ctx, cfg, r.Errorf, r) },
	}
}

// pipedChecksElsewhere are the rules of a configuration that another machine
// will use. absent is told of files that only that one has.
func pipedChecksElsewhere(ctx context.Context, absent func(file, why string)) []config.Check[config.Piped] {
	return []config.Check[config.Piped]{
		config.CheckFilesElsewhere[config.Piped](absent),
		func(cfg *config.Piped, r *config.Report) {
			if cfg.Git.SSHKeyFile == "" || isHere(cfg.Git.SSHKeyFile) {
				checkSSHKey(cfg, r)
			}
		},
		func(cfg *config.Piped, r *config.Report) {
			checkAWS(ctx, cfg, func(path, format string, args ...any) *config.Problem {
				return r.Warnf(path, "on this machine, "+format, args...)
			}, r)
		},
		config.Placeholders[config.Piped],
	}
}

// isHere reports whether a file can be looked at.
func isHere(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	return f.Close() == nil
}

// checkSSHKey reports a key that ssh cannot use.
func checkSSHKey(cfg *config.Piped, r *config.Report) {
	field := "spec.git.sshKeyFile"
	if cfg.Git.SSHKeyFile == "" {
		field = "spec.git.sshKeyData"
	}
	opts, err := sshKey(cfg.Git)
	if err != nil || r.Reported(field) {
		return // reported
	}
	if err := gitcli.CheckKey(opts); err != nil {
		r.Errorf(field, "%s", err)
	}
}

// checkAWS tells of files and profiles that say of no credentials.
func checkAWS(ctx context.Context, cfg *config.Piped, tell func(path, format string, args ...any) *config.Problem, r *config.Report) {
	for i, p := range cfg.PlatformProviders {
		at := r.PlatformPath(i) + ".config"
		if p.ECS == nil || p.ECS.Region == "" || r.Reported(at+".credentialsFile") {
			continue // nothing to look at, or reported
		}
		if p.ECS.CredentialsFile != "" && !isHere(p.ECS.CredentialsFile) {
			continue // reported
		}
		if err := ecs.CheckAccess(ctx, ecs.ConfigOf(*p.ECS)); err != nil {
			field := at
			switch {
			case p.ECS.Profile != "":
				field += ".profile"
			case p.ECS.CredentialsFile != "":
				field += ".credentialsFile"
			}
			tell(field, "%s", err)
		}
	}
}

// pipedKey returns the key of the agent.
func pipedKey(cfg *config.Piped) (string, error) {
	field, read := "pipedKeyData", cfg.PipedKeyData.DecodeBase64
	if cfg.PipedKeyFile != "" {
		field, read = "pipedKeyFile", func() ([]byte, error) { return config.ReadFile(cfg.PipedKeyFile) }
	}
	data, err := read()
	if err != nil {
		return "", fmt.Errorf("%s: %w", field, err)
	}
	key := strings.TrimSpace(string(data))
	if key == "" {
		return "", fmt.Errorf("%s is empty: put the key there that the control plane showed when the piped was added", field)
	}
	return key, nil
}
