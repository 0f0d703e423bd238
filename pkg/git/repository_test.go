package git_test

import (
	"strings"
	"testing"

	"pipecd/pkg/git"
	"pipecd/pkg/model"
)

func TestRepositoryValidate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		repo git.Repository
		want string // part of the sentence; empty means valid
	}{
		"scp form":           {git.Repository{ID: "r", Remote: "git@github.com:org/repo.git", Branch: "main"}, ""},
		"scp form no user":   {git.Repository{ID: "r", Remote: "host:repo", Branch: "main"}, ""},
		"ssh":                {git.Repository{ID: "r", Remote: "ssh://git@host:2222/org/repo", Branch: "feature/x"}, ""},
		"https":              {git.Repository{ID: "r", Remote: "https://host/org/repo.git", Branch: "v1.0"}, ""},
		"file url":           {git.Repository{ID: "r", Remote: "file:///srv/repo.git", Branch: "main"}, ""},
		"path":               {git.Repository{ID: "r", Remote: "/srv/a b.git", Branch: "main"}, ""},
		"no id":              {git.Repository{Remote: "/srv/r", Branch: "main"}, "needs an id"},
		"no remote":          {git.Repository{ID: "r", Branch: "main"}, "is empty"},
		"option remote":      {git.Repository{ID: "r", Remote: "--upload-pack=touch x", Branch: "main"}, "begins with a dash"},
		"ext helper":         {git.Repository{ID: "r", Remote: "ext::sh -c id", Branch: "main"}, "transport helper"},
		"ext helper url":     {git.Repository{ID: "r", Remote: "ext::ssh://host/x", Branch: "main"}, "not"},
		"git transport":      {git.Repository{ID: "r", Remote: "git://host/repo", Branch: "main"}, "transport that is not allowed"},
		"option host":        {git.Repository{ID: "r", Remote: "ssh://-oProxyCommand=id/repo", Branch: "main"}, "valid host"},
		"option scp host":    {git.Repository{ID: "r", Remote: "git@-oProxyCommand=id:repo", Branch: "main"}, "valid host"},
		"option user":        {git.Repository{ID: "r", Remote: "ssh://-oProxyCommand=id@host/repo", Branch: "main"}, "user that begins"},
		"relative":           {git.Repository{ID: "r", Remote: "../repo", Branch: "main"}, "relative path"},
		"relative file":      {git.Repository{ID: "r", Remote: "file://repo/x", Branch: "main"}, "absolute path"},
		"no path":            {git.Repository{ID: "r", Remote: "https://host/", Branch: "main"}, "no path"},
		"newline":            {git.Repository{ID: "r", Remote: "/srv/a\nb", Branch: "main"}, "control character"},
		"password redacted":  {git.Repository{ID: "r", Remote: "ftp://u:secret@host/x", Branch: "main"}, "xxxxx@host"},
		"malformed redacted": {git.Repository{ID: "r", Remote: "https://u:secret@ho st/%zz", Branch: "main"}, "xxxxx@ho st"},
		"no branch":          {git.Repository{ID: "r", Remote: "/srv/r"}, "is empty"},
		"option branch":      {git.Repository{ID: "r", Remote: "/srv/r", Branch: "--upload-pack=x"}, "begins with a dash"},
		"pattern branch":     {git.Repository{ID: "r", Remote: "/srv/r", Branch: "ma*"}, "not a name"},
		"refspec branch":     {git.Repository{ID: "r", Remote: "/srv/r", Branch: "a:b"}, "not a name"},
		"full ref":           {git.Repository{ID: "r", Remote: "/srv/r", Branch: "refs/heads/main"}, "full ref"},
		"dotted branch":      {git.Repository{ID: "r", Remote: "/srv/r", Branch: "a/../b"}, "not a name"},
		"lock branch":        {git.Repository{ID: "r", Remote: "/srv/r", Branch: "a.lock/b"}, "not a name"},
		"trailing slash":     {git.Repository{ID: "r", Remote: "/srv/r", Branch: "a/"}, "not a name"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.repo.Validate()
			if tt.want == "" {
				if err != nil {
					t.Fatalf("Validate() = %v, want nil", err)
				}
				return
			}
			if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("Validate() = %v, want code invalid and %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Fatalf("Validate() = %v shows the password", err)
			}
		})
	}
}

func TestRedactRemote(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"https://user:p%40ss@host/x":  "https://xxxxx@host/x",
		"https://user:p@ss@host/x@y":  "https://xxxxx@host/x@y",
		"https://token@host/x":        "https://xxxxx@host/x",
		"ssh://git@host/x":            "ssh://git@host/x",
		"ssh://git:p@host/x":          "ssh://git:xxxxx@host/x",
		"git@host:path":               "git@host:path",
		"/srv/repo":                   "/srv/repo",
		"https://:token@host?q=1@2:3": "https://xxxxx@host?q=1@2:3",
	}
	for remote, want := range tests {
		if got := git.RedactRemote(remote); got != want {
			t.Errorf("RedactRemote(%q) = %q, want %q", remote, got, want)
		}
	}
}

func TestValidHash(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		strings.Repeat("a1", 20):       true,
		strings.Repeat("0f", 32):       true,
		"":                             false,
		"main":                         false,
		strings.Repeat("A1", 20):       false,
		strings.Repeat("g1", 20):       false,
		"--" + strings.Repeat("a", 38): false,
	}
	for s, want := range tests {
		if got := git.ValidHash(s); got != want {
			t.Errorf("ValidHash(%q) = %v, want %v", s, got, want)
		}
	}
}
