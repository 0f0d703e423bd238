package gitcli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"regexp"
	"strings"

	"pipecd/pkg/git"
	"pipecd/pkg/model"
)

// errDamaged says that the mirror, not the remote, is what went wrong.
var errDamaged = errors.New("the mirror is damaged")

// damage is errDamaged with what git said, which is all that is told.
type damage struct{ error }

// Is makes it errDamaged.
func (damage) Is(target error) bool { return target == errDamaged }

// Unwrap returns what git said.
func (d damage) Unwrap() error { return d.error }

// subject is what an error is about, for its sentence.
type subject struct {
	repo       git.Repository
	key        string
	knownHosts string
}

func (s subject) remote() string { return git.RedactRemote(s.repo.Remote) }

// host returns the host of the remote, as written there.
func (s subject) host() string {
	if u, err := url.Parse(s.repo.Remote); err == nil && u.Host != "" {
		return u.Hostname()
	}
	host, _, _ := strings.Cut(s.repo.Remote, ":")
	return host[strings.LastIndexByte(host, '@')+1:]
}

// rule recognises one kind of failure in what git and ssh print under LC_ALL=C.
type rule struct {
	pattern *regexp.Regexp
	code    model.Code
	say     func(s subject) string
}

func matching(pattern string) *regexp.Regexp { return regexp.MustCompile(`(?i)` + pattern) }

// remoteRules returns the rules in the order they are tried.
func remoteRules() []rule {
	return []rule{
		{matching(`REMOTE HOST IDENTIFICATION HAS CHANGED`), model.CodeFailedPrecondition, func(s subject) string {
			return fmt.Sprintf("the SSH host key of %s is not the one recorded in %s; if its owner announced a new key, remove the host's line from that file, otherwise do not trust the connection", s.host(), s.knownHosts)
		}},
		{matching(`Host key verification failed|No \S+ host key is known for`), model.CodeFailedPrecondition, func(s subject) string {
			return fmt.Sprintf("the SSH host key of %s is not in %s; add it there", s.host(), s.knownHosts)
		}},
		{matching(`could not resolve (host|proxy)|name or service not known|temporary failure in name resolution|nodename nor servname|no address associated`), model.CodeUnavailable, func(s subject) string {
			return fmt.Sprintf("the host %s of repository %q cannot be found; check the remote %s and the machine's DNS", s.host(), s.repo.ID, s.remote())
		}},
		{matching(`permission denied \(|too many authentication failures|load key .*: |sign_and_send_pubkey`), model.CodePermissionDenied, sayKeyRefused},
		{matching(`authentication failed|could not read (username|password)|http basic: access denied|returned error: (401|403)|invalid credentials`), model.CodePermissionDenied, func(s subject) string {
			return fmt.Sprintf("%s refused the user name or password for repository %q; check git.username and git.password", s.host(), s.repo.ID)
		}},
		{matching(`couldn't find remote ref|remote branch .* not found`), model.CodeNotFound, sayNoBranch},
		{matching(`repository not found|repository '.*' not found|does not appear to be a git repository|could not be found|returned error: 404|access denied or repository not exported`), model.CodeNotFound, func(s subject) string {
			return fmt.Sprintf("the repository %q does not exist at %s, or the credentials may not see it", s.repo.ID, s.remote())
		}},
		{matching(`transport '.*' not allowed|unable to find remote helper|unsafe|dubious ownership`), model.CodeInvalid, func(s subject) string {
			return fmt.Sprintf("git refuses the remote %s of repository %q", s.remote(), s.repo.ID)
		}},
		{matching(`ssl certificate problem|server certificate verification failed|certificate .*(expired|verif)`), model.CodeFailedPrecondition, func(s subject) string {
			return fmt.Sprintf("the TLS certificate of %s is not trusted; add its authority to the machine or give it as a CA file", s.host())
		}},
		{matching(`cannot run ssh|ssh: (command )?not found|unable to find remote helper for 'https?'`), model.CodeFailedPrecondition, func(s subject) string {
			return fmt.Sprintf("the program git needs for %s is missing on this machine; install an SSH client and git with its https helper", s.remote())
		}},
	}
}

func sayKeyRefused(s subject) string {
	if s.key == "" {
		return fmt.Sprintf("%s refused the SSH login for repository %q and no key is configured; set git.sshKeyFile", s.host(), s.repo.ID)
	}
	return fmt.Sprintf("%s refused the SSH key (%s) for repository %q; add its public half to the repository or the account", s.host(), s.key, s.repo.ID)
}

func sayNoBranch(s subject) string {
	return fmt.Sprintf("branch %q does not exist in repository %q at %s", s.repo.Branch, s.repo.ID, s.remote())
}

var (
	// localDamage is what git says about a broken mirror.
	localDamage = regexp.MustCompile(`(?i)bad object|corrupt|object file .* is empty|unable to (read|parse|unpack)|packfile|index file|bad config|bad signature|not a git repository: '|cannot lock ref|unable to create '.*\.lock'|missing (blob|tree|commit|object)|bad ref|broken ref|failed to read|did not send all necessary objects|unable to resolve reference`)
	// noAnswer is often only the consequence of something said before, so it is
	// looked for last.
	noAnswer = regexp.MustCompile(`(?i)connection (refused|timed out|reset|closed)|no route to host|network is unreachable|failed to connect|couldn't connect|timed out|kex_exchange|returned error: (429|5\d\d)|early eof|hung up|broken pipe|rpc failed|unexpected disconnect|empty reply|could not read from remote`)
	diskFull = regexp.MustCompile(`(?i)no space left on device|disk quota exceeded`)
	// notOurs is the answer to a fetch by hash of an object the remote lacks.
	notOurs = regexp.MustCompile(`(?i)not our ref|unadvertised object|no such remote ref|couldn't find remote ref`)
)

// explain turns the failure of a command into an error for people. An error
// about the mirror itself wraps errDamaged.
func explain(err error, s subject, doing string) error {
	var failed *processError
	switch {
	case errors.Is(err, errTimeout):
		return model.Errorf(model.CodeUnavailable, "%s took too long for remote %s of repository %q: %w", doing, s.remote(), s.repo.ID, err)
	case errors.Is(err, exec.ErrNotFound):
		return model.Wrap(model.CodeFailedPrecondition, err, "git is not installed on this machine, or not on PATH; install it")
	case errors.Is(err, errOutput):
		return model.Errorf(model.CodeExhausted, "the remote %s of repository %q answered with too much: %w", s.remote(), s.repo.ID, err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, errClosed):
		return model.Wrap(model.CodeUnavailable, err, fmt.Sprintf("%s of repository %q was stopped", doing, s.repo.ID))
	case !errors.As(err, &failed):
		// A cause of the caller's own, or a machine that cannot start processes.
		return model.Wrap(model.CodeUnavailable, err, fmt.Sprintf("%s of repository %q failed", doing, s.repo.ID))
	}
	if diskFull.MatchString(failed.stderr) {
		return model.Wrap(model.CodeExhausted, err, fmt.Sprintf("the disk that holds the mirror of repository %q is full; make room", s.repo.ID))
	}
	for _, r := range remoteRules() {
		if r.pattern.MatchString(failed.stderr) {
			return model.Wrap(r.code, err, r.say(s))
		}
	}
	if localDamage.MatchString(withoutRemoteLines(failed.stderr)) {
		return model.Wrap(model.CodeUnavailable, damage{err}, fmt.Sprintf("the mirror of repository %q is damaged", s.repo.ID))
	}
	if noAnswer.MatchString(failed.stderr) {
		return model.Wrap(model.CodeUnavailable, err, fmt.Sprintf("the remote %s of repository %q cannot be reached now, or broke off; it is tried again, and if this lasts see that the host is up and that the network lets this agent through", s.remote(), s.repo.ID))
	}
	return model.Wrap(model.CodeUnavailable, err, fmt.Sprintf("%s of repository %q failed", doing, s.repo.ID))
}

// withoutRemoteLines leaves out what the remote said: it is no witness about
// the mirror.
func withoutRemoteLines(stderr string) string {
	var local []string
	for line := range strings.Lines(stderr) {
		if !strings.HasPrefix(line, "remote:") {
			local = append(local, line)
		}
	}
	return strings.Join(local, "")
}
