package git

import (
	"net/url"
	"path"
	"strings"
	"unicode"

	"pipecd/pkg/model"
)

// Limits on what a configuration may name. A branch becomes one file name in
// the mirror, and file systems end at 255 bytes.
const (
	maxIDLength     = 255
	maxRemoteLength = 2048
	maxBranchLength = 180
)

// Repository names one branch of one remote. It is comparable.
type Repository struct {
	// ID is the repository's name in the agent's configuration.
	ID string
	// Remote is where it lives: ssh://, https://, http:// or file:// with a
	// host or an absolute path, "user@host:path", or an absolute path.
	Remote string
	// Branch is the short name of the branch that is watched, such as "main".
	Branch string
}

// Validate returns an error with code invalid that names the field and what is
// expected of it. A repository that passes holds nothing Git would take for an
// option, a transport helper or a pattern.
func (r Repository) Validate() error {
	if r.ID == "" || len(r.ID) > maxIDLength || hasControl(r.ID) {
		return model.Errorf(model.CodeInvalid, "a repository needs an id of 1 to %d printable characters", maxIDLength)
	}
	if problem := remoteProblem(r.Remote); problem != "" {
		return model.Errorf(model.CodeInvalid, "the remote %q of repository %q %s", RedactRemote(r.Remote), r.ID, problem)
	}
	if problem := branchProblem(r.Branch); problem != "" {
		return model.Errorf(model.CodeInvalid, "the branch %q of repository %q %s", r.Branch, r.ID, problem)
	}
	return nil
}

// RedactRemote returns the remote without what logs in, for logs, errors and what
// others are told: passwords, and over HTTP the user's name too, because tokens
// stand there.
func RedactRemote(remote string) string {
	scheme, rest, found := strings.Cut(remote, "://")
	if !found {
		return remote
	}
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	at := strings.LastIndexByte(authority, '@')
	if at < 0 {
		return remote
	}
	user, _, hasPassword := strings.Cut(authority[:at], ":")
	switch {
	case scheme != "ssh":
		user = "xxxxx"
	case hasPassword:
		user += ":xxxxx"
	}
	return scheme + "://" + user + authority[at:] + tail
}

// remoteProblem completes the sentence "the remote ...", or is empty.
func remoteProblem(remote string) string {
	const forms = "give ssh://, https://, http:// or file://, user@host:path, or an absolute path"
	switch {
	case remote == "":
		return "is empty; " + forms
	case len(remote) > maxRemoteLength:
		return "is too long"
	case hasControl(remote):
		return "contains a control character"
	case strings.HasPrefix(remote, "-"):
		return "begins with a dash; " + forms
	case strings.HasPrefix(remote, "/"):
		return ""
	case strings.Contains(remote, "://"):
		return urlProblem(remote)
	}
	host, dir, found := strings.Cut(remote, ":")
	switch {
	case !found || strings.Contains(host, "/"):
		return "is a relative path; " + forms
	case strings.HasPrefix(dir, ":"):
		return "names a transport helper, which is not allowed; " + forms
	case dir == "" || strings.HasPrefix(dir, "-"):
		return "has no valid path after the colon"
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		if strings.HasPrefix(host, "-") {
			return "has a user that begins with a dash"
		}
		host = host[i+1:]
	}
	if !validHost(host) {
		return "has no valid host before the colon"
	}
	return ""
}

func urlProblem(remote string) string {
	u, err := url.Parse(remote)
	if err != nil {
		// The text of err repeats the remote, password included.
		return "is not a well-formed URL"
	}
	switch u.Scheme {
	case "file":
		if u.Host != "" || !strings.HasPrefix(u.Path, "/") {
			return "needs an absolute path: file:///path/to/repository"
		}
		return ""
	case "ssh", "https", "http":
	default:
		return "uses a transport that is not allowed; use ssh, https, http or file"
	}
	if !validHost(u.Hostname()) {
		return "has no valid host"
	}
	if u.User != nil && strings.HasPrefix(u.User.Username(), "-") {
		return "has a user that begins with a dash"
	}
	if strings.Trim(u.Path, "/") == "" {
		return "has no path to a repository"
	}
	return ""
}

func validHost(host string) bool {
	return host != "" && !strings.HasPrefix(host, "-") && !strings.ContainsAny(host, " \t'\"`$;&|<>()\\")
}

// branchProblem completes the sentence "the branch ...", or is empty. The
// rules are those of git-check-ref-format.
func branchProblem(branch string) string {
	switch {
	case branch == "":
		return "is empty"
	case len(branch) > maxBranchLength:
		return "is too long"
	case strings.HasPrefix(branch, "-"):
		return "begins with a dash"
	case strings.HasPrefix(branch, "refs/"):
		return `is a full ref; give the short name, such as "main"`
	case hasControl(branch), strings.ContainsAny(branch, " ~^:?*[\\"), strings.Contains(branch, ".."),
		strings.Contains(branch, "@{"), branch == "@", strings.HasSuffix(branch, "."), branch != path.Clean(branch),
		strings.HasPrefix(branch, "/"):
		return "is not a name that Git allows for a branch"
	}
	for part := range strings.SplitSeq(branch, "/") {
		if strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return "is not a name that Git allows for a branch"
		}
	}
	return ""
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, unicode.IsControl)
}

// ValidHash reports whether s is a full object name: 40 or 64 lower-case
// hexadecimal digits.
func ValidHash(s string) bool {
	if len(s) != 40 && len(s) != 64 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
