package gitcli

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"

	"pipecd/pkg/model"
)

const maxKeySize = 64 << 10

// access is how remotes are reached: the ssh command and the password.
type access struct {
	username, password string
	sshEnv             []string
	keyName            string // the configured key, for sentences
	knownHosts         string // the file ssh checks host keys against
	keyCopy            string // the file ssh reads, "" without a key
	keyStat            fs.FileInfo
}

// newAccess puts into o.Dir what ssh needs there.
func newAccess(o Options) (*access, error) {
	a := &access{username: o.Username, password: o.Password, keyName: o.SSHKeyFile, knownHosts: o.KnownHostsFile}
	args := []string{
		"ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3",
		"-o", "ForwardAgent=no", "-o", "ClearAllForwardings=yes", "-o", "PermitLocalCommand=no",
		"-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "UpdateHostKeys=no",
	}
	config, err := sshConfig(o)
	if err != nil {
		return nil, err
	}
	args = append(args, "-F", config)
	if a.knownHosts != "" {
		args = append(args, "-o", "StrictHostKeyChecking=yes", "-o", "GlobalKnownHostsFile=/dev/null")
	} else {
		a.knownHosts = filepath.Join(o.Dir, "known_hosts")
		args = append(args, "-o", "StrictHostKeyChecking=accept-new")
	}
	args = append(args, "-o", "UserKnownHostsFile="+sshQuote(a.knownHosts))
	key, err := readKey(o)
	if err != nil {
		return nil, err
	}
	if key == nil {
		// ssh offers the user's own keys; no other variable of the user's reaches it.
		a.sshEnv = append(a.sshEnv, "SSH_AUTH_SOCK="+os.Getenv("SSH_AUTH_SOCK"))
	} else {
		if a.keyName == "" {
			a.keyName = "given as data"
		}
		a.keyCopy = filepath.Join(o.Dir, "ssh_key")
		if a.keyStat, err = writePrivate(a.keyCopy, key); err != nil {
			return nil, err
		}
		args = append(args, "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "IdentityFile="+sshQuote(a.keyCopy))
	}
	for i := range args {
		args[i] = shellQuote(args[i])
	}
	a.sshEnv = append(a.sshEnv, "GIT_SSH_VARIANT=ssh", "GIT_SSH_COMMAND="+strings.Join(args, " "))
	return a, nil
}

// close removes the copy of the key, unless another process has put its own
// in that place since.
func (a *access) close() error {
	if a.keyCopy == "" {
		return nil
	}
	now, err := os.Lstat(a.keyCopy)
	if err == nil && os.SameFile(now, a.keyStat) {
		err = os.Remove(a.keyCopy)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the copy of the SSH key: %w", err)
	}
	return nil
}

// target is a remote made ready for a command line: no password is left in
// the URL, and the environment holds the one to use.
type target struct {
	url     string
	args    []string
	env     []string
	secrets []string
}

// credentialHelper is a shell function that git calls. It answers only "get".
const credentialHelper = `!f() { test "$1" = get || return 0; ` +
	`printf 'username=%s\npassword=%s\n' "$PIPECD_GIT_USERNAME" "$PIPECD_GIT_PASSWORD"; }; f`

func (a *access) target(remote string) target {
	t := target{url: remote, env: a.sshEnv}
	u, err := url.Parse(remote)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return t
	}
	username, password := a.username, a.password
	if own, ok := u.User.Password(); ok {
		username, password = u.User.Username(), own
		u.User = nil
		t.url = u.String()
	}
	if password == "" {
		return t
	}
	basic := base64.StdEncoding.EncodeToString([]byte(username + ":" + password))
	inURL := strings.TrimPrefix(url.UserPassword("", password).String(), ":")
	t.secrets = []string{password, url.QueryEscape(password), inURL, basic}
	// The helper is bound to scheme and host: a redirect elsewhere gets nothing.
	t.args = []string{"-c", "credential." + u.Scheme + "://" + u.Host + ".helper=" + credentialHelper}
	t.env = append([]string{"PIPECD_GIT_USERNAME=" + username, "PIPECD_GIT_PASSWORD=" + password}, t.env...)
	return t
}

// CheckKey reports whether ssh can use the key that o names, if it names one.
// The error has code invalid when it cannot.
func CheckKey(o Options) error {
	_, err := readKey(o)
	return err
}

// readKey returns the private key in the form ssh accepts, nil without one.
func readKey(o Options) ([]byte, error) {
	key, name := o.SSHKeyData, "the SSH key"
	if o.SSHKeyFile != "" {
		name = "the SSH key file " + o.SSHKeyFile
		info, err := os.Stat(o.SSHKeyFile)
		if err != nil {
			return nil, model.Wrap(model.CodeFailedPrecondition, err, "reading "+name)
		}
		if !info.Mode().IsRegular() || info.Size() > maxKeySize {
			return nil, model.Errorf(model.CodeInvalid, "%s is not a private key", name)
		}
		if key, err = os.ReadFile(o.SSHKeyFile); err != nil {
			return nil, model.Wrap(model.CodeFailedPrecondition, err, "reading "+name)
		}
	}
	if o.SSHKeyFile == "" && len(key) == 0 {
		return nil, nil
	}
	// Secrets made on Windows or by "echo -n" lack the line ends ssh insists on.
	key = append(bytes.TrimSpace(bytes.ReplaceAll(key, []byte("\r\n"), []byte("\n"))), '\n')
	if block, _ := pem.Decode(key); block == nil {
		return nil, model.Errorf(model.CodeInvalid, "%s is not a private key in OpenSSH or PEM form", name)
	}
	var locked *ssh.PassphraseMissingError
	if _, err := ssh.ParseRawPrivateKey(key); errors.As(err, &locked) {
		return nil, model.Errorf(model.CodeInvalid, "%s is protected by a passphrase; give a key without one", name)
	}
	return key, nil
}

// sshConfig returns the configuration file for ssh.
func sshConfig(o Options) (string, error) {
	switch {
	case o.SSHConfigFile != "":
		return o.SSHConfigFile, nil
	case o.SSHHost == "" || o.SSHHostName == "" || o.SSHHost == o.SSHHostName:
		return "/dev/null", nil
	case strings.ContainsAny(o.SSHHost+o.SSHHostName, "\r\n\"%"):
		return "", model.Errorf(model.CodeInvalid, "the SSH host %q or host name %q is malformed", o.SSHHost, o.SSHHostName)
	}
	file := filepath.Join(o.Dir, "ssh_config")
	_, err := writePrivate(file, fmt.Appendf(nil, "Host \"%s\"\n  HostName \"%s\"\n", o.SSHHost, o.SSHHostName))
	return file, err
}

// writePrivate replaces the file at once, with mode 0600.
func writePrivate(name string, data []byte) (info fs.FileInfo, err error) {
	const doing = "writing git's private files"
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*") // 0600
	if err != nil {
		return nil, model.Wrap(model.CodeFailedPrecondition, err, doing)
	}
	_, err = f.Write(data)
	if err == nil {
		info, err = f.Stat()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
		return nil, model.Wrap(model.CodeFailedPrecondition, err, doing)
	}
	return info, nil
}

// sshQuote quotes a path as the value of an ssh option, where spaces separate
// files and percent signs begin a token.
func sshQuote(s string) string { return `"` + strings.ReplaceAll(s, "%", "%%") + `"` }

// shellQuote quotes a word for the shell through which git runs ssh.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
