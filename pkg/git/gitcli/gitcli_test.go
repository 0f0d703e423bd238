package gitcli_test

import (
	"testing"

	"go.uber.org/goleak"

	"pipecd/pkg/git"
	"pipecd/pkg/git/gitcli"
	"pipecd/pkg/git/gittest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open returns a Source that is closed with the test.
func open(t testing.TB, o gitcli.Options) *gitcli.Source {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	src, err := gitcli.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := src.Close(); err != nil {
			t.Errorf("closing the source: %v", err)
		}
	})
	return src
}

// harness runs the suite's test against remote, reached as the options say.
func harness(t *testing.T, bare *gittest.Bare, remote string, o gitcli.Options) gittest.Harness {
	t.Helper()
	o.Dir = t.TempDir()
	src := open(t, o)
	return gittest.Harness{
		Source:     src,
		Repository: git.Repository{ID: "repo", Remote: remote, Branch: "main"},
		Remote:     bare,
		Reopen: func(t testing.TB) git.Source {
			t.Helper()
			if err := src.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, o)
		},
	}
}

func TestConformanceFile(t *testing.T) {
	t.Parallel()
	gittest.Run(t, func(t *testing.T) gittest.Harness {
		t.Helper()
		bare := gittest.NewBare(t)
		return harness(t, bare, "file://"+bare.Path, gitcli.Options{})
	})
}

func TestTransferSHA256(t *testing.T) {
	t.Parallel()
	gittest.RunTransfer(t, func(t *testing.T) gittest.Harness {
		t.Helper()
		bare := gittest.NewBare(t, "--object-format=sha256")
		return harness(t, bare, bare.Path, gitcli.Options{})
	})
}
