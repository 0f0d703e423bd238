package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"

	"pipecd/pkg/config"
)

// loadConfig reads the configuration and looks at the files it names. Warnings
// are logged; errors come all at once.
func loadConfig(ctx context.Context, f runFlags, logger *slog.Logger) (*config.Piped, error) {
	var (
		cfg      *config.Piped
		problems config.Problems
	)
	switch {
	case f.configFile != "" && f.configData != "":
		return nil, fmt.Errorf("give --config-file or --config-data, not both")
	case f.configFile != "":
		cfg, problems = config.ReadPipedFile(f.configFile, config.CheckFiles)
	case f.configData != "":
		data, err := base64.StdEncoding.DecodeString(f.configData)
		if err != nil {
			return nil, fmt.Errorf("--config-data is not base64: %w", err)
		}
		cfg, problems = config.LoadPiped("--config-data", data, config.CheckFiles)
	default:
		return nil, fmt.Errorf("no configuration: give --config-file; see `piped run --help`")
	}
	for _, w := range problems.Warnings() {
		logger.WarnContext(ctx, w.String())
	}
	return cfg, problems.Err()
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
