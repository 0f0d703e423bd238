package webhook

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pipecd/pkg/model"
)

func TestIdentity(t *testing.T) {
	t.Parallel()
	for want, addresses := range map[string][]string{
		"github.com/acme/shop": {
			"git@github.com:acme/shop.git", "git@github.com:acme/shop", "git@github.com:/acme/shop.git/", "github.com:acme/shop", "GIT@GitHub.com:Acme/Shop.GIT",
			"ssh://git@github.com/acme/shop.git", "ssh://git@github.com:22/acme/shop", "ssh://git@ssh.github.com:443/acme/shop.git", "git@ssh.github.com:acme/shop.git",
			"https://github.com/acme/shop", "https://github.com/acme/shop.git", "https://github.com/acme/shop/", "https://github.com./acme/shop",
			"https://user:token@github.com/acme/shop.git", "https://***@github.com/acme/shop.git", "http://github.com:80/acme/shop", " https://github.com/acme/shop\n",
			"git://github.com/acme/shop.git", "git+ssh://git@github.com/acme/shop.git",
		},
		"gitlab.com/group/sub/shop": {"git@gitlab.com:group/sub/shop.git", "ssh://git@altssh.gitlab.com:443/group/sub/shop.git", "https://gitlab.com/group/sub/shop.git"},
		"git.example.com/shop":      {"git@git.example.com:shop.git", "ssh://git@git.example.com:2222/shop.git", "https://git.example.com:8443/shop"},
		"::1/acme/shop":             {"git@[::1]:acme/shop.git", "ssh://git@[::1]:2222/acme/shop.git"},
		"/srv/git/shop":             {"/srv/git/shop.git", "file:///srv/git/shop.git", "/srv/git/Shop"},
		"/srv/git/a:b":              {"/srv/git/a:b.git"},
		"github.com/acme/my shop":   {"https://github.com/acme/my%20shop.git", "git@github.com:acme/my shop.git"},
		"github.com/acme/shop.git":  {"git@github.com:acme/shop.git.git"},
		"":                          {"", " ", "https://", "https://github.com", "https://github.com/", "https://github.com/.git", "git@github.com:", "://", "https://%zz/a", ".git"},
	} {
		for _, address := range addresses {
			if got := identity(address); got != want {
				t.Errorf("identity(%q) = %q, want %q", address, got, want)
			}
		}
	}
}

func FuzzIdentity(f *testing.F) {
	for _, address := range []string{"git@github.com:acme/shop.git", "https://a:b@c:1/d.git/", "[::1]:a", "@:", "a@b@c:d", "://x"} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		id := identity(address)
		if id != "" && (strings.HasSuffix(id, "/") || !strings.Contains(id, "/")) {
			t.Errorf("identity(%q) = %q", address, id)
		}
	})
}

func TestReadSecrets(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("s", minSecretLength)
	for name, tt := range map[string]struct {
		content string
		n       int
		says    string // of the error; "" wants none
	}{
		"one":               {line, 1, ""},
		"one with an end":   {line + "\n", 1, ""},
		"several":           {"\n" + line + "\r\n\t" + line + "2 \n\n", 2, ""},
		"none":              {"\n", 0, ""},
		"as many as can be": {strings.Repeat(line+"\n", maxSecrets), maxSecrets, ""},
		"too many":          {strings.Repeat(line+"\n", maxSecrets+1), 0, "17 secrets"},
		"too short":         {line + "\n\nhunter2", 0, "line 3 has 7 characters"},
		"too large":         {strings.Repeat("x", maxSecretFile+1), 0, "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "secrets")
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := ReadSecrets(path)
			switch {
			case tt.says == "" && (err != nil || len(got.all) != tt.n):
				t.Errorf("got %v, %v; want %d secrets", got, err, tt.n)
			case tt.says != "" && (model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "hunter2")):
				t.Errorf("got %v, want it to say %q", err, tt.says)
			}
		})
	}
	if _, err := ReadSecrets(filepath.Join(t.TempDir(), "none")); model.CodeOf(err) != model.CodeNotFound {
		t.Errorf("got %v", err)
	}
}
