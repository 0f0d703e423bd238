package webhook

import (
	"net/url"
	"strings"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/model"
)

// maxName bounds the names that are passed on; no repository of an agent has
// longer ones.
const maxName = 1024

// Follows returns what whoever follows the repository is woken by when commits
// were pushed. ok is false when it has no address.
func Follows(r model.GitRepository) (topic notify.Topic, ok bool) {
	id := identity(r.Remote)
	return notify.Push(id, r.Branch), id != ""
}

// wakes returns what a push to the branch wakes: those who follow it, and those
// who name no branch.
func (p push) wakes(branch string) []notify.Topic {
	var topics []notify.Topic
	for _, id := range p.identities {
		if len(id) <= maxName && len(branch) <= maxName {
			topics = append(topics, notify.Push(id, branch), notify.Push(id, ""))
		}
	}
	return topics
}

// identity returns what all addresses of one repository have in common: host
// and path, without scheme, user, port and .git, in small letters, because
// hosts do not tell capitals apart. "" is no address. Ports are left out
// because SSH and HTTPS of one host have different ones.
func identity(address string) string {
	host, path := splitAddress(strings.TrimSpace(address))
	path = strings.TrimRight(path, "/")
	path = strings.Trim(strings.TrimSuffix(strings.ToLower(path), ".git"), "/")
	if path == "" {
		return ""
	}
	return canonicalHost(host) + "/" + path
}

// splitAddress knows the three forms that git knows: URLs, user@host:path, and
// paths of this machine, which have no host.
func splitAddress(address string) (host, path string) {
	if strings.Contains(address, "://") {
		u, err := url.Parse(address)
		if err != nil {
			return "", ""
		}
		return u.Hostname(), u.Path
	}
	_, behindUser, _ := cutUser(address)
	host, path, ok := cutHost(behindUser)
	if !ok || strings.Contains(host, "/") {
		return "", address
	}
	return host, path
}

// cutUser takes the user off user@host:path.
func cutUser(address string) (user, rest string, found bool) {
	colon := strings.IndexByte(address, ':')
	if at := strings.IndexByte(address, '@'); at >= 0 && at < colon {
		return address[:at], address[at+1:], true
	}
	return "", address, false
}

// cutHost splits host:path, where the host may be [an IPv6 address].
func cutHost(address string) (host, path string, ok bool) {
	if bracketed, isBracketed := strings.CutPrefix(address, "["); isBracketed {
		host, path, ok = strings.Cut(bracketed, "]:")
		return host, path, ok
	}
	return strings.Cut(address, ":")
}

// canonicalHost gives the doors of one host one name.
func canonicalHost(host string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	switch host { // where SSH is offered on the port of HTTPS
	case "ssh.github.com":
		return "github.com"
	case "altssh.gitlab.com":
		return "gitlab.com"
	default:
		return host
	}
}
