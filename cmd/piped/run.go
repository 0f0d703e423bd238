package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"

	"pipecd/pkg/admin"
	"pipecd/pkg/config"
	"pipecd/pkg/git/gitcli"
	"pipecd/pkg/logging"
	"pipecd/pkg/piped/agent"
	"pipecd/pkg/piped/apiclient"
	"pipecd/pkg/piped/reporter"
	"pipecd/pkg/pipeline/engine"
	"pipecd/pkg/version"
)

// runFlags are the flags of `piped run`.
type runFlags struct {
	configFile string
	configData string
	dataDir    string
	insecure   bool
	certFile   string
	adminHost  string
	adminPort  int
	grace      time.Duration
	log        logging.Flags
}

const runExample = `  # with the file that the control plane's "add piped" dialog gave you
  piped run --config-file=piped.yaml

  # a control plane without TLS, for trying things out
  piped run --config-file=piped.yaml --insecure`

func newRunCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:     "run",
		Aliases: []string{"piped"},
		Short:   "Run the agent until it is stopped",
		Long: "Run the agent. It needs only outbound connections: to the control plane, to Git, to AWS and to the metrics providers.\n" +
			"SIGTERM lets running deployments go; they go on in the next process.",
		Example: runExample,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), cmd, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.configFile, "config-file", "", "the agent's configuration (kind: Piped)")
	flags.StringVar(&f.configData, "config-data", "", "the configuration itself, in base64")
	flags.StringVar(&f.dataDir, "data-dir", "", "where Git mirrors and known hosts are kept (default: $PIPED_DATA_DIR, else the user's cache directory)")
	flags.BoolVar(&f.insecure, "insecure", false, "talk to the control plane without TLS")
	flags.StringVar(&f.certFile, "cert-file", "", "PEM file of the certificates to trust for the control plane (default: the system's)")
	flags.StringVar(&f.adminHost, "admin-host", "127.0.0.1", "address of the admin port; it is not protected")
	flags.IntVar(&f.adminPort, "admin-port", 9085, "port of metrics, health and profiles; 0 turns it off")
	flags.DurationVar(&f.grace, "grace-period", 30*time.Second, "how long stopping may take")
	flags.StringVar(&f.log.Level, "log-level", "info", "debug, info, warn or error")
	flags.StringVar(&f.log.Encoding, "log-encoding", "humanize", "humanize, console or json")
	for _, old := range []string{"tools-dir", "launcher-version", "app-manifest-cache-count"} {
		flags.String(old, "", "")
		_ = flags.MarkDeprecated(old, "it has no effect any more") // the flag exists
	}
	for _, old := range []string{"enable-default-kubernetes-cloud-provider", "add-login-user-to-passwd", "metrics"} {
		flags.Bool(old, false, "")
		_ = flags.MarkDeprecated(old, "it has no effect any more") // the flag exists
	}
	return cmd
}

func run(ctx context.Context, cmd *cobra.Command, f runFlags) error {
	logger, err := logging.New(cmd.ErrOrStderr(), f.log)
	if err != nil {
		return usageError{err}
	}
	cfg, err := loadConfig(ctx, f, logger)
	if err != nil {
		return usageError{err}
	}
	key, err := pipedKey(cfg)
	if err != nil {
		return usageError{err}
	}
	dir, err := dataDir(f.dataDir, cfg.PipedID)
	if err != nil {
		return err
	}
	source, err := openGit(cfg, dir, logger)
	if err != nil {
		return err
	}
	defer source.Close() //nolint:errcheck // it removes a temporary copy of a key
	client, err := apiclient.Dial(ctx, apiclient.Options{
		Address: cfg.APIAddress, Insecure: f.insecure, CertFile: f.certFile,
		ProjectID: cfg.ProjectID, PipedID: cfg.PipedID, PipedKey: key,
		Version: version.Get(), Logger: logger,
	})
	if err != nil {
		return err
	}
	defer client.Close() //nolint:errcheck // the process ends
	a, err := agent.New(ctx, agent.Options{Config: cfg, Version: version.Get(), Logger: logger}, client, source, stageLogs{reporter.New(client, logger)})
	if err != nil {
		return err
	}
	return serve(ctx, a, f, logger)
}

// serve runs the agent beside the admin port, and gives up waiting for it when
// the grace period is over.
func serve(parent context.Context, a *agent.Agent, f runFlags, logger *slog.Logger) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	var admins sync.WaitGroup
	if f.adminPort != 0 {
		admins.Go(func() {
			if err := admin.Serve(ctx, net.JoinHostPort(f.adminHost, strconv.Itoa(f.adminPort)), admin.Handler(newRegistry(), alive()), logger); err != nil {
				logger.WarnContext(ctx, "there is no admin port", slog.Any("error", err))
			}
		})
	}
	defer admins.Wait()
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	logger.InfoContext(parent, "stopping", slog.Duration("grace", f.grace))
	select {
	case err := <-done:
		return err
	case <-time.After(f.grace):
		return fmt.Errorf("stopping took longer than %s; deployments go on in the next process", f.grace)
	}
}

func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// alive answers that the process is there.
func alive() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n")) // nobody is there to be told
	})
}

// stageLogs makes the reporter's logs the engine's.
type stageLogs struct{ *reporter.Reporter }

// Open implements engine.Logs.
func (l stageLogs) Open(deploymentID, stageID string, retriedCount int32) engine.StageLog {
	return l.Reporter.Open(deploymentID, stageID, retriedCount)
}

func loadConfig(ctx context.Context, f runFlags, logger *slog.Logger) (*config.Piped, error) {
	var (
		cfg      *config.Piped
		problems config.Problems
	)
	switch {
	case f.configFile != "" && f.configData != "":
		return nil, fmt.Errorf("give --config-file or --config-data, not both")
	case f.configFile != "":
		cfg, problems = config.ReadPipedFile(f.configFile)
	case f.configData != "":
		data, err := base64.StdEncoding.DecodeString(f.configData)
		if err != nil {
			return nil, fmt.Errorf("--config-data is not base64: %w", err)
		}
		cfg, problems = config.LoadPiped("--config-data", data)
	default:
		return nil, fmt.Errorf("no configuration: give --config-file (see piped run --help)")
	}
	for _, w := range problems.Warnings() {
		logger.WarnContext(ctx, w.String())
	}
	return cfg, problems.Err()
}

func pipedKey(cfg *config.Piped) (string, error) {
	if cfg.PipedKeyFile == "" {
		key, err := cfg.PipedKeyData.DecodeBase64()
		if err != nil {
			return "", fmt.Errorf("pipedKeyData: %w", err)
		}
		return strings.TrimSpace(string(key)), nil
	}
	data, err := config.ReadFile(cfg.PipedKeyFile)
	if err != nil {
		return "", fmt.Errorf("pipedKeyFile: %w", err)
	}
	key := strings.TrimSpace(string(data))
	if key == "" {
		return "", fmt.Errorf("pipedKeyFile: %s is empty: put the key into it that the control plane showed when the piped was added", cfg.PipedKeyFile)
	}
	return key, nil
}

// dataDir is where this agent keeps its mirrors; agents with different ids do
// not share one.
func dataDir(flag, pipedID string) (string, error) {
	dir := flag
	if dir == "" {
		dir = os.Getenv("PIPED_DATA_DIR")
	}
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no place for Git mirrors: give --data-dir: %w", err)
		}
		dir = filepath.Join(cache, "piped", filepath.Base(filepath.Clean("/"+pipedID)))
	}
	const private = 0o700
	if err := os.MkdirAll(dir, private); err != nil {
		return "", fmt.Errorf("making the data directory: %w: give another one with --data-dir", err)
	}
	return dir, nil
}

func openGit(cfg *config.Piped, dir string, logger *slog.Logger) (*gitcli.Source, error) {
	g := cfg.Git
	opts := gitcli.Options{
		Dir: filepath.Join(dir, "git"), Logger: logger,
		SSHKeyFile: g.SSHKeyFile, KnownHostsFile: g.KnownHostsFile,
		Username: g.Username,
	}
	if g.HostName != "" && g.HostName != g.Host {
		opts.SSHHost, opts.SSHHostName = g.Host, g.HostName
	}
	if g.SSHKeyData != "" {
		key, err := g.SSHKeyData.DecodeBase64()
		if err != nil {
			return nil, fmt.Errorf("git.sshKeyData: %w", err)
		}
		opts.SSHKeyData = key
	}
	if g.Password != "" {
		password, err := g.Password.DecodeBase64()
		if err != nil {
			return nil, fmt.Errorf("git.password: %w", err)
		}
		opts.Password = string(password)
	}
	return gitcli.New(opts)
}
