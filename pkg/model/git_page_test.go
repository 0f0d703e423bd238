package model

import "testing"

func TestGitPages(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]struct{ commit, root, dir string }{
		"git@github.com:acme/shop.git": {
			"https://github.com/acme/shop/commit/c0ffee", "https://github.com/acme/shop/tree/main", "https://github.com/acme/shop/tree/main/apps/my%20web",
		},
		"ssh://git@ssh.github.com:443/acme/shop.git": {
			"https://github.com/acme/shop/commit/c0ffee", "https://github.com/acme/shop/tree/main", "https://github.com/acme/shop/tree/main/apps/my%20web",
		},
		"https://someone:secret@gitlab.example.com:8443/group/sub/shop.git": {
			"https://gitlab.example.com:8443/group/sub/shop/-/commit/c0ffee", "https://gitlab.example.com:8443/group/sub/shop/-/tree/main",
			"https://gitlab.example.com:8443/group/sub/shop/-/tree/main/apps/my%20web",
		},
		"ssh://git@bitbucket.org/acme/shop/": {
			"https://bitbucket.org/acme/shop/commits/c0ffee", "https://bitbucket.org/acme/shop/src/main", "https://bitbucket.org/acme/shop/src/main/apps/my%20web",
		},
		"https://git.example.com/acme/shop": {}, // where its pages are is not known
		"file:///srv/git/github/shop.git":   {},
		"/srv/git/github:shop":              {},
		"https://github.com/":               {},
		"://github.com":                     {},
		"":                                  {},
	} {
		if got := CommitPage(remote, "c0ffee"); got != want.commit {
			t.Errorf("the commit of %q is at %q, not %q", remote, got, want.commit)
		}
		if got := DirectoryPage(remote, "main", "./"); got != want.root {
			t.Errorf("the root of %q is at %q, not %q", remote, got, want.root)
		}
		if got := DirectoryPage(remote, "main", "apps/my web"); got != want.dir {
			t.Errorf("the directory of %q is at %q, not %q", remote, got, want.dir)
		}
	}
}
