package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pipecd/cmd/commandline"
	"pipecd/cmd/pipecd/stores"
	"pipecd/pkg/config"
	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/server"
	"pipecd/pkg/controlplane/webhook"
	"pipecd/pkg/datastore"
	"pipecd/pkg/filestore"
	"pipecd/pkg/logging"
	"pipecd/pkg/model"
	"pipecd/pkg/telemetry"
	"pipecd/pkg/version"
	"pipecd/web"
)

// serverCommand is `pipecd server` with its flags.
type serverCommand struct {
	env

	log  logging.Flags
	data dataDir

	configFile     string
	keyFile        string
	insecureCookie bool
	host           string
	port           int
	adminHost      string
	adminPort      int
	grace          time.Duration
	drain          time.Duration
	proxies        []string
	tls            bool

	webhook *webhook.Secrets // of Git hosts; set by load
}

func newServer(e env) *cobra.Command {
	s := &serverCommand{env: e}
	c := &cobra.Command{
		Use:   "server --config-file=FILE",
		Short: "Run the control plane",
		Long: `Run the control plane. One port answers agents, the command line and browsers;
the admin port has /metrics, /healthz and /debug/pprof and is not protected. An
agent on the same machine has the same admin port by default: give one of them
another, such as piped run --admin-port=9086.

Without a datastore and a filestore in the configuration, everything is kept in
the data directory. The key that signs sessions is made there at the first start.
pipecd quickstart --print-config=DIR writes a configuration to start from.

With MySQL and an object store any number of servers can run behind a load
balancer. Give all of them the same encryption key.

SIGTERM or Ctrl-C stops it: /healthz turns unready, after the drain period streams
are told to connect elsewhere, and calls in progress get the grace period to end. A
second signal ends it at once.`,
		Example: `  pipecd server --config-file=control-plane.yaml
  pipecd server --config-file=control-plane.yaml --data-dir=/var/lib/pipecd --insecure-cookie
  pipecd server --config-file=control-plane.yaml --encryption-key-file=/run/secrets/encryption-key`,
		Args: args(),
		RunE: func(c *cobra.Command, _ []string) error { return s.run(c.Context()) },
	}
	f := c.Flags()
	s.data.register(f, e)
	registerLogging(f, &s.log)
	f.StringVar(&s.configFile, "config-file", "", "configuration, a document of kind ControlPlane (required)")
	f.StringVar(&s.keyFile, "encryption-key-file", "", "file with the key that signs sessions (default \""+keyName+"\" in the data directory, made when absent)")
	f.BoolVar(&s.insecureCookie, "insecure-cookie", false, "let session cookies travel over plain HTTP; needed where no proxy in front does TLS")
	f.StringVar(&s.host, "host", "", "address to listen on (default all)")
	commandline.Port(f, &s.port, "port", 8080, "port for everything; 0 takes a free one")
	f.StringVar(&s.adminHost, "admin-host", "127.0.0.1", "address to listen on for the operator; it is not protected")
	commandline.Port(f, &s.adminPort, "admin-port", 9085, "port of metrics, health and profiles; 0 turns it off")
	f.StringSliceVar(&s.proxies, "trusted-proxy", nil, "address or network of a proxy in front, such as 10.0.0.0/8, whose X-Forwarded-For is believed; may be repeated")
	f.DurationVar(&s.grace, "grace-period", 15*time.Second, "how long calls may take to end when the server stops")
	f.DurationVar(&s.drain, "drain-period", 3*time.Second, "how long a server that stops serves on, with /healthz unready, so that load balancers notice; only with MySQL, where there may be others")
	s.registerFormer(f)
	commandline.Complete(c, "log-level", "debug", "info", "warn", "error")
	commandline.Complete(c, "log-encoding", "humanize", "json")
	return c
}

// registerFormer accepts the flags of PipeCD's server that have no meaning here.
func (s *serverCommand) registerFormer(f *pflag.FlagSet) {
	for _, name := range []string{"piped-api-port", "web-api-port", "http-port", "api-port", "envoy-authz-port"} {
		f.Int(name, 0, "")
		deprecate(f, name, "everything is served on --port")
	}
	f.String("cache-address", "", "")
	deprecate(f, "cache-address", "no cache server is used")
	f.String("static-dir", "", "")
	deprecate(f, "static-dir", "the pages are part of the program")
	f.Bool("enable-grpc-reflection", false, "")
	deprecate(f, "enable-grpc-reflection", "reflection is not offered")
	f.BoolVar(&s.tls, "tls", false, "")
	f.String("cert-file", "", "")
	f.String("key-file", "", "")
	for _, name := range []string{"tls", "cert-file", "key-file"} {
		deprecate(f, name, "TLS is for a proxy in front")
	}
}

// deprecate hides a flag and makes its use print a warning.
func deprecate(f *pflag.FlagSet, name, why string) {
	_ = f.MarkDeprecated(name, why) // fails only for a flag that does not exist
}

func (s *serverCommand) run(ctx context.Context) error {
	logger, err := newLogger(s.err, s.log)
	if err != nil {
		return err
	}
	if s.tls {
		return usagef("--tls is not supported: this server speaks plaintext HTTP/1.1 and HTTP/2; let a proxy or load balancer in front do TLS")
	}
	proxies, err := networks(s.proxies)
	if err != nil {
		return err
	}
	cfg, err := s.load(ctx, logger)
	if err != nil {
		return err
	}
	dir, err := s.data.path()
	if err != nil {
		return err
	}
	key, err := s.key(ctx, dir, logger)
	if err != nil {
		return err
	}
	tel, err := telemetry.Open(ctx, telemetry.Options{Catalog: telemetry.ControlPlane(), Version: version.Get()}, os.Getenv, logger)
	if err != nil {
		return usagef("%s", err)
	}
	st, err := openStores(ctx, cfg, dir, logger)
	if err != nil {
		return err
	}
	shared, drain := st.Shared, time.Duration(0)
	if shared {
		drain = s.drain
	}
	if shared && s.keyFile == "" {
		logger.WarnContext(ctx, "sessions are signed with a key of this machine; other servers do not take them: give all the same --encryption-key-file")
	}
	err = server.Run(ctx, server.Options{
		Store: datastore.Observed(st.Data, tel), Files: filestore.Observed(st.Files, tel),
		Projects:       stores.Projects(cfg),
		SessionKey:     key,
		InsecureCookie: s.insecureCookie,
		TrustedProxies: proxies,
		UI:             web.Files(),
		Address:        cfg.Address,
		Webhook:        s.webhook,
		Listen:         net.JoinHostPort(s.host, strconv.Itoa(s.port)),
		AdminListen:    s.adminListen(),
		GracePeriod:    s.grace,
		Shared:         shared,
		DrainPeriod:    drain,
		Version:        version.Get(),
		Logger:         logger,
		Observer:       tel,
		Metrics:        tel.Registry(),
	})
	return errors.Join(err, st.Close(), tel.Close(ctx))
}

// networks reads addresses and networks.
func networks(texts []string) ([]netip.Prefix, error) {
	out := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		network, err := netip.ParsePrefix(text)
		if address, addressErr := netip.ParseAddr(text); addressErr == nil {
			network, err = address.Prefix(address.BitLen())
		}
		if err != nil {
			return nil, usagef("--trusted-proxy: %q is neither an address nor a network such as 10.0.0.0/8", text)
		}
		out = append(out, network.Masked())
	}
	return out, nil
}

func openStores(ctx context.Context, cfg *config.ControlPlane, dir string, logger *slog.Logger) (stores.Stores, error) {
	st, err := stores.Open(ctx, cfg, dir, logger)
	if err != nil {
		return st, misconfigured(err)
	}
	giveBack()
	logger.InfoContext(ctx, "the stores are open", slog.String("datastore", string(cfg.Datastore.Type)),
		slog.String("filestore", string(cfg.Filestore.Type)), slog.String("data_directory", dir))
	return st, nil
}

// giveBack returns to the system what reading migrations took: their parser keeps
// buffers of several megabytes, which only the second collection lets go.
func giveBack() {
	for range 2 {
		debug.FreeOSMemory()
	}
}

// adminListen is the address of the admin port, empty when it is turned off.
func (s *serverCommand) adminListen() string {
	if s.adminPort == 0 {
		return ""
	}
	return net.JoinHostPort(s.adminHost, strconv.Itoa(s.adminPort))
}

// load reads the configuration. Warnings are told; errors come all at once.
func (s *serverCommand) load(ctx context.Context, logger *slog.Logger) (*config.ControlPlane, error) {
	if s.configFile == "" {
		return nil, usagef("--config-file is missing: name a document of kind ControlPlane")
	}
	cfg, problems := config.ReadControlPlaneFile(s.configFile, config.CheckFiles, s.readWebhook)
	commandline.Warn(ctx, s.err, problems, s.log, logger)
	return cfg, problems.Err()
}

// readWebhook reads the secrets of Git hosts. That their file is not there, or
// empty, is for CheckFiles to tell.
func (s *serverCommand) readWebhook(cfg *config.ControlPlane, r *config.Report) {
	if cfg.Webhook == nil || cfg.Webhook.SecretFile == "" {
		return
	}
	secrets, err := webhook.ReadSecrets(cfg.Webhook.SecretFile)
	if model.CodeOf(err) == model.CodeInvalid {
		r.Errorf("spec.webhook.secretFile", "%s", err).Hint = "write one secret on each line; openssl rand -hex 32 makes one"
	}
	s.webhook = secrets
}

func (s *serverCommand) key(ctx context.Context, dir string, logger *slog.Logger) ([]byte, error) {
	if exposed := auth.ExposedKey(cmp.Or(s.keyFile, filepath.Join(dir, keyName))); exposed != "" {
		logger.WarnContext(ctx, exposed)
	}
	if s.keyFile != "" {
		key, err := auth.LoadKey(s.keyFile)
		if err != nil {
			return nil, usagef("--encryption-key-file: %s", err)
		}
		return key, nil
	}
	path := filepath.Join(dir, keyName)
	key, created, err := auth.LoadOrCreateKey(path)
	if created {
		logger.InfoContext(ctx, "made a new key to sign sessions with", slog.String("path", path))
	}
	return key, err
}
