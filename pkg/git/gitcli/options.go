package gitcli

import (
	"log/slog"
	"os/exec"
	"path/filepath"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/observe"
)

// Defaults of Options.
const (
	defaultHeadTimeout  = 30 * time.Second
	defaultFetchTimeout = 10 * time.Minute
	defaultReadTimeout  = 30 * time.Second
	defaultTransfers    = 8
)

// Options configures New. Only Dir is required.
type Options struct {
	// Dir holds mirrors, host keys and the copy of the SSH key. It is made with
	// mode 0700. A relative path is resolved against the working directory.
	Dir string
	// Logger receives what happens to mirrors. The default discards it.
	Logger *slog.Logger
	// Observer is told about the runs of git. The default tells nobody.
	Observer observe.Observer
	// GitBinary is the git program, by default "git" on PATH.
	GitBinary string

	// SSHKeyFile is the private key for ssh remotes. Its mode and its last line
	// end do not matter: ssh is given a copy. Without a key ssh uses the keys
	// and the agent of the user.
	SSHKeyFile string
	// SSHKeyData is the private key itself, instead of SSHKeyFile.
	SSHKeyData []byte
	// KnownHostsFile lists the host keys that are accepted. Without it the key
	// of an unknown host is recorded on first contact in Dir/known_hosts, and
	// a key that changes later is refused.
	KnownHostsFile string
	// SSHConfigFile is a client configuration to use instead of none. The
	// options of this adapter win over it.
	SSHConfigFile string
	// SSHHost and SSHHostName make SSHHost in a remote stand for the machine
	// SSHHostName. They are for remotes written with an alias, and cannot be
	// combined with SSHConfigFile.
	SSHHost, SSHHostName string

	// Username and Password are sent to https and http remotes that ask. A
	// remote that has its own user and password in the URL uses those.
	Username, Password string
	// CAFile is a PEM bundle that replaces the system's for https remotes.
	CAFile string

	// HeadTimeout bounds one Head (default 30 s), FetchTimeout one transfer
	// (10 min), ReadTimeout one read of a snapshot (30 s).
	HeadTimeout, FetchTimeout, ReadTimeout time.Duration
	// MaxTransfers bounds the git processes that talk to remotes at one time
	// (default 8).
	MaxTransfers int
}

// withDefaults returns a copy with every default filled in.
func (o Options) withDefaults() (Options, error) {
	if o.Dir == "" {
		return o, model.Errorf(model.CodeInvalid, "git needs a directory for its mirrors")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return o, model.Wrap(model.CodeFailedPrecondition, err, "finding the directory for git mirrors")
	}
	o.Dir = dir
	switch {
	case o.SSHKeyFile != "" && len(o.SSHKeyData) > 0:
		return o, model.Errorf(model.CodeInvalid, "give the SSH key as a file or as data, not both")
	case o.SSHConfigFile != "" && o.SSHHostName != "" && o.SSHHostName != o.SSHHost:
		return o, model.Errorf(model.CodeInvalid, "an SSH configuration file and a host name for %q cannot be combined; put HostName into the file", o.SSHHost)
	case o.Password != "" && o.Username == "":
		return o, model.Errorf(model.CodeInvalid, "a Git password needs a user name")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.GitBinary == "" {
		o.GitBinary = "git"
	}
	binary, err := exec.LookPath(o.GitBinary)
	if err != nil {
		return o, model.Wrap(model.CodeFailedPrecondition, err, "git is not installed on this machine, or not on PATH; install it")
	}
	o.GitBinary = binary
	setDefault(&o.HeadTimeout, defaultHeadTimeout)
	setDefault(&o.FetchTimeout, defaultFetchTimeout)
	setDefault(&o.ReadTimeout, defaultReadTimeout)
	setDefault(&o.MaxTransfers, defaultTransfers)
	return o, nil
}

func setDefault[T ~int | ~int64](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}
