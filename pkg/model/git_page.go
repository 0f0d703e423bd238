package model

import (
	"net/url"
	"strings"
)

// CommitPage returns the address of the commit's page on the Git host, or "" for
// a remote of which it is not known where its pages are.
func CommitPage(remote, hash string) string {
	return pageOf(remote, func(h gitHost) []string { return append(append([]string{}, h.commit...), hash) })
}

// DirectoryPage returns the address of the page of a directory of the branch,
// or "" like CommitPage. The path is one that CleanGitPath returned.
func DirectoryPage(remote, branch, path string) string {
	return pageOf(remote, func(h gitHost) []string {
		segments := append(append([]string{}, h.tree...), branch)
		if path = strings.Trim(strings.TrimPrefix(path, "./"), "/"); path != "" {
			segments = append(segments, path)
		}
		return segments
	})
}

// gitHost is how a host builds the addresses behind that of a repository.
type gitHost struct {
	name         string // what the host's name is or contains
	commit, tree []string
}

// gitHosts are the hosts that can be told by their names, also where a company
// runs its own, such as gitlab.example.com.
func gitHosts() []gitHost {
	return []gitHost{
		{name: "github", commit: []string{"commit"}, tree: []string{"tree"}},
		{name: "gitlab", commit: []string{"-", "commit"}, tree: []string{"-", "tree"}},
		{name: "bitbucket.org", commit: []string{"commits"}, tree: []string{"src"}},
	}
}

func pageOf(remote string, segments func(gitHost) []string) string {
	host, path := remoteAddress(remote)
	for _, h := range gitHosts() {
		if !strings.Contains(host, h.name) {
			continue
		}
		page := url.URL{Scheme: "https", Host: host, Path: "/" + path + "/" + strings.Join(segments(h), "/")}
		return page.String()
	}
	return ""
}

// remoteAddress returns the host and the repository's path of a remote, without
// user, port of SSH, and .git; "" for a directory of this machine.
func remoteAddress(remote string) (host, path string) {
	if strings.Contains(remote, "://") {
		u, err := url.Parse(remote)
		if err != nil {
			return "", ""
		}
		host, path = u.Hostname(), u.Path
		if u.Scheme == "https" && u.Port() != "" {
			host = u.Host
		}
	} else {
		var found bool
		if host, path, found = strings.Cut(remote, ":"); !found || strings.Contains(host, "/") {
			return "", ""
		}
		host = host[strings.LastIndexByte(host, '@')+1:]
	}
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	switch host = strings.ToLower(host); host { // where SSH is offered on the port of HTTPS
	case "ssh.github.com":
		host = "github.com"
	case "altssh.gitlab.com", "altssh.bitbucket.org":
		host = strings.TrimPrefix(host, "altssh.")
	}
	if host == "" || path == "" {
		return "", ""
	}
	return host, path
}
