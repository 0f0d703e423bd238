package gitcli

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pipecd/pkg/git"
)

const accessRights = "fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.\n"

func TestTellingLine(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ stderr, want string }{
		"key refused":       {"git@h: Permission denied (publickey).\r\n" + accessRights, "git@h: Permission denied (publickey)."},
		"no such host, ssh": {"ssh: Could not resolve hostname nowhere.invalid: Name or service not known\r\n" + accessRights, "ssh: Could not resolve hostname nowhere.invalid: Name or service not known"},
		"refused":           {"ssh: connect to host h port 22: Connection refused\r\n" + accessRights, "ssh: connect to host h port 22: Connection refused"},
		"no repository, ssh": {"ERROR: Repository not found.\n" + accessRights,
			"ERROR: Repository not found."},
		"no repository, https": {"remote: Repository not found.\nfatal: repository 'https://h/x.git/' not found\n", "fatal: repository 'https://h/x.git/' not found"},
		"no such host, https": {"fatal: unable to access 'https://nowhere.invalid/x.git/': Could not resolve host: nowhere.invalid\n",
			"fatal: unable to access 'https://nowhere.invalid/x.git/': Could not resolve host: nowhere.invalid"},
		"host key changed": {"@@@@@@@@@@@@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n@@@@@@@@@@@@@@@@\nIT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\n" +
			"Host key for h has changed and you have requested strict checking.\nHost key verification failed.\n" + accessRights,
			"@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @"},
		"progress before":  {"remote: Enumerating objects: 5, done.\nReceiving objects: 100%\nerror: index-pack died\nfatal: fetch-pack: invalid index-pack output\n", "error: index-pack died"},
		"only boilerplate": {accessRights, "fatal: Could not read from remote repository."},
		"something else":   {"warning: redirecting to https://h/y.git\nsomething broke\n", "something broke"},
		"nothing":          {"\n \n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tellingLine(tt.stderr); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestErrorsAreOneLine: whatever git prints, people get one sentence.
func TestErrorsAreOneLine(t *testing.T) {
	t.Parallel()
	about := subject{repo: git.Repository{ID: "r", Remote: "git@h:x.git", Branch: "main"}, key: "key", knownHosts: "known_hosts"}
	for _, stderr := range []string{
		"git@h: Permission denied (publickey).\r\n" + accessRights,
		accessRights,
		"fatal: bad object HEAD\nerror: remote did not send all necessary objects\n",
		"a\nb\nc\n",
	} {
		err := explain(&processError{verb: "fetch", stderr: clean(stderr, nil), err: errors.New("exit status 128")}, about, "fetching")
		if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "access rights") {
			t.Errorf("%q became %q", stderr, err)
		}
	}
}

func FuzzTellingLine(f *testing.F) {
	f.Add("fatal: x\n" + accessRights)
	f.Add(strings.Repeat("é", 400))
	f.Fuzz(func(t *testing.T, stderr string) {
		line := tellingLine(strings.ToValidUTF8(stderr, "?"))
		if strings.ContainsAny(line, "\n") || !utf8.ValidString(line) || len(line) > maxTelling+len("…") {
			t.Errorf("%q gave %q", stderr, line)
		}
	})
}
