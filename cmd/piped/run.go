package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"pipecd/cmd/commandline"
	"pipecd/pkg/admin"
	"pipecd/pkg/config"
	"pipecd/pkg/git/gitcli"
	"pipecd/pkg/logging"
	"pipecd/pkg/observe"
	"pipecd/pkg/piped/agent"
	"pipecd/pkg/piped/apiclient"
	"pipecd/pkg/piped/reporter"
	"pipecd/pkg/pipeline/engine"
	"pipecd/pkg/telemetry"
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
  piped run --config-file=piped.yaml --insecure

  # beside a control plane on the same machine, whose admin port is 9085 too
  piped run --config-file=piped.yaml --insecure --admin-port=9086`

func newRunCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:     "run",
		Aliases: []string{"piped"},
		Short:   "Run the agent until it is stopped",
		Long: "Run the agent. It needs only outbound connections: to the control plane, to Git, to AWS and to the metrics providers.\n" +
			"SIGTERM lets running deployments go; they go on in the next process.",
		Example: runExample,
		Args:    noArgs,
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
	commandline.Port(flags, &f.adminPort, "admin-port", 9085, "port of metrics, health and profiles; 0 turns it off")
	flags.DurationVar(&f.grace, "grace-period", 30*time.Second, "how long stopping may take")
	flags.StringVar(&f.log.Level, "log-level", "info", "debug, info, warn or error")
	flags.StringVar(&f.log.Encoding, "log-encoding", "humanize", "humanize, console or json")
	complete(cmd)
	for _, name := range formerFlags() {
		flags.String(name, "", "")
		flags.Lookup(name).NoOptDefVal = "true" // some were booleans
		_ = flags.MarkHidden(name)              // the flag exists
	}
	return cmd
}

// formerFlags are flags of PipeCD's agent that have no meaning here.
func formerFlags() []string {
	return []string{
		"add-login-user-to-passwd", "app-manifest-cache-count", "enable-default-kubernetes-cloud-provider",
		"launcher-version", "metrics", "tools-dir",
	}
}

// complete says to shells what the values of flags are.
func complete(cmd *cobra.Command) {
	commandline.Complete(cmd, "log-level", "debug", "info", "warn", "error")
	commandline.Complete(cmd, "log-encoding", "humanize", "console", "json")
	_ = cmd.MarkFlagFilename("config-file", "yaml", "yml", "json") // these two fail only for a flag that does not exist
	_ = cmd.MarkFlagDirname("data-dir")
}

func run(ctx context.Context, cmd *cobra.Command, f runFlags) error {
	logger, err := logging.New(cmd.ErrOrStderr(), f.log)
	if err != nil {
		return usageError{err}
	}
	logging.Adopt(logger)
	for _, name := range formerFlags() {
		if cmd.Flags().Changed(name) {
			logger.WarnContext(ctx, "the flag --"+name+" has no effect any more")
		}
	}
	if f.insecure && f.certFile != "" {
		logger.WarnContext(ctx, "--cert-file has no effect together with --insecure: the connection to the control plane is not encrypted")
	}
	cfg, err := loadConfig(ctx, f, cmd.ErrOrStderr(), logger)
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
	tel, err := openTelemetry(ctx, cfg, logger)
	if err != nil {
		return usageError{err}
	}
	defer tel.Close(ctx) //nolint:errcheck // the last spans are no reason to fail
	source, err := openGit(cfg, dir, logger, tel)
	if err != nil {
		return configured(err)
	}
	defer source.Close() //nolint:errcheck // it removes a temporary copy of a key
	client, err := apiclient.Dial(ctx, apiclient.Options{
		Address: cfg.APIAddress, Insecure: f.insecure, CertFile: f.certFile,
		ProjectID: cfg.ProjectID, PipedID: cfg.PipedID, PipedKey: key,
		Version: version.Get(), Logger: logger, Observer: tel,
	})
	if err != nil {
		return configured(err)
	}
	defer client.Close() //nolint:errcheck // the process ends
	a, err := agent.New(ctx, agent.Options{Config: cfg, Version: version.Get(), Logger: logger, Observer: tel}, client, source,
		stageLogs{reporter.New(client, logger, tel)})
	if err != nil {
		return configured(err)
	}
	return serve(ctx, process{agent: a, flags: f, metrics: tel.Registry(), logger: logger})
}

// process is what one run of the program consists of.
type process struct {
	agent   *agent.Agent
	flags   runFlags
	metrics *prometheus.Registry
	logger  *slog.Logger
}

// serve runs the agent beside the admin port, and gives up waiting for it when
// the grace period is over.
func serve(parent context.Context, p process) error {
	f, logger := p.flags, p.logger
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	var admins sync.WaitGroup
	if f.adminPort != 0 {
		admins.Go(func() {
			if err := admin.Serve(ctx, net.JoinHostPort(f.adminHost, strconv.Itoa(f.adminPort)), admin.Handler(p.metrics, alive()), logger); err != nil {
				logger.WarnContext(ctx, "there is no admin port", slog.Any("error", err))
			}
		})
	}
	defer admins.Wait()
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- p.agent.Run(ctx) }()
	select {
	case err := <-done:
		return unlessStopped(ctx, err)
	case <-ctx.Done():
	}
	logger.InfoContext(parent, "stopping", slog.Duration("grace", f.grace))
	select {
	case err := <-done:
		return unlessStopped(ctx, err)
	case <-time.After(f.grace):
		return fmt.Errorf("stopping took longer than %s; deployments go on in the next process", f.grace)
	}
}

// unlessStopped drops the error of an agent that was told to stop: what it was
// doing, it could not finish.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // stopping is what was asked for
	}
	return err
}

// openTelemetry begins to measure. The labels are those that PipeCD puts on all
// metrics of an agent.
func openTelemetry(ctx context.Context, cfg *config.Piped, logger *slog.Logger) (*telemetry.Telemetry, error) {
	return telemetry.Open(ctx, telemetry.Options{
		Catalog: telemetry.Agent(), Version: version.Get(),
		Labels: map[string]string{
			"pipecd_component": "piped", "piped": cfg.PipedID, "piped_version": version.Get(), "project": cfg.ProjectID,
		},
	}, os.Getenv, logger)
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

func openGit(cfg *config.Piped, dir string, logger *slog.Logger, to observe.Observer) (*gitcli.Source, error) {
	g := cfg.Git
	opts, err := sshKey(g)
	if err != nil {
		return nil, err
	}
	opts.Dir, opts.Logger, opts.Observer = filepath.Join(dir, "git"), logger, to
	opts.KnownHostsFile, opts.Username = g.KnownHostsFile, g.Username
	if g.HostName != "" && g.HostName != g.Host {
		opts.SSHHost, opts.SSHHostName = g.Host, g.HostName
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

// sshKey returns the options that say with which key ssh logs in.
func sshKey(g config.Git) (gitcli.Options, error) {
	opts := gitcli.Options{SSHKeyFile: g.SSHKeyFile}
	if g.SSHKeyData != "" {
		key, err := g.SSHKeyData.DecodeBase64()
		if err != nil {
			return opts, fmt.Errorf("git.sshKeyData: %w", err)
		}
		opts.SSHKeyData = key
	}
	return opts, nil
}
