package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const emptyConfiguration = "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec: {}\n"

// passwordIn returns the password that a command printed.
func (s *shell) passwordIn(out string) string {
	s.t.Helper()
	found := regexp.MustCompile(`Password (\S+)`).FindStringSubmatch(out)
	if found == nil {
		s.t.Fatalf("no password in %s", out)
	}
	return found[1]
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	with := " --config-file=" + s.write("cp.yaml", emptyConfiguration) + " --data-dir=" + filepath.Join(s.dir, "data")
	if out := s.run("", "migrate --status"+with); !strings.Contains(out, "There is no database "+filepath.Join(s.dir, "data", "pipecd.db")+" yet") {
		t.Errorf("got %s", out)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "data")); !os.IsNotExist(err) {
		t.Errorf("a look made the directory: %v", err)
	}
	out := s.run("", "migrate"+with)
	if !regexp.MustCompile(`(?m)^applied {3}1 projects \([\d.]+m?s\)$`).MatchString(out) || !regexp.MustCompile(`up to date; \d+ steps were applied`).MatchString(out) {
		t.Errorf("got %s", out)
	}
	if out := s.run("", "migrate"+with); !strings.Contains(out, "there was nothing to do") {
		t.Errorf("got %s", out)
	}
	if out := s.run("", "migrate --status"+with); !regexp.MustCompile(`version \d+ and are up to date`).MatchString(out) {
		t.Errorf("got %s", out)
	}
	_, stop := s.serve(filepath.Join(s.dir, "cp.yaml"))
	if r := s.try("", "migrate"+with); r.code != exitFailed || !strings.Contains(r.err, "in use by another pipecd process") {
		t.Errorf("got %+v while the server runs", r)
	}
	stop()
	s.refuses("migrate", exitUsage, []string{"--config-file is missing"})
}

// TestResetPassword: the new password works, the old one does not, and who was
// logged in is not any more.
func TestResetPassword(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	file := s.write("cp.yaml", emptyConfiguration)
	with := " --config-file=" + file + " --data-dir=" + filepath.Join(s.dir, "data")
	old := s.passwordIn(s.run("", "project add shop --username=boss"+with))
	address, stop := s.serve(file)
	logIn := func(password string) result {
		return s.try(password+"\n", "ctl login --project shop --username boss --address "+address)
	}
	if r := logIn(old); r.code != exitOK {
		t.Fatalf("got %+v", r)
	}
	session, err := os.ReadFile(filepath.Join(s.dir, "session.json"))
	if err != nil {
		t.Fatal(err)
	}
	s.run("", "ctl app list")
	stop()
	out := s.run("", "project reset-password shop"+with)
	if !strings.Contains(out, "Username boss\n") {
		t.Errorf("got %s", out)
	}
	before := address
	address, _ = s.serve(file)
	s.write("session.json", strings.ReplaceAll(string(session), before, address))
	if r := s.try("", "ctl app list"); r.code != exitFailed || !strings.Contains(r.err, "log in") {
		t.Errorf("got %+v with a session from before", r)
	}
	if r := logIn(old); r.code != exitFailed || !strings.Contains(r.err, "is wrong") {
		t.Errorf("got %+v for the old password", r)
	}
	if r := logIn(s.passwordIn(out)); r.code != exitOK {
		t.Errorf("got %+v for the new password", r)
	}
}

func TestProjectsOfTheConfigurationFile(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	with := " --config-file=" + s.write("cp.yaml", controlPlane(s.run("secret\n", "hash-password"))) + " --data-dir=" + filepath.Join(s.dir, "data")
	s.run("", "project add shop"+with)
	if out := s.run("", "project list"+with); !regexp.MustCompile(`(?m)^dev +admin +in the file`).MatchString(out) || !strings.Contains(out, "shop") {
		t.Errorf("got %s", out)
	}
	s.refuses("project add dev"+with, exitUsage, []string{"dev is in the configuration file, which counts; choose another id"})
	s.refuses("project reset-password dev"+with, exitUsage, []string{"dev is in the configuration file", "pipecd hash-password"})
	s.refuses("project reset-password nobody"+with, exitFailed, []string{`project "nobody" does not exist`})
	s.refuses("project reset-password"+with, exitUsage, []string{"ID is missing"})
	s.refuses("project list --database=x"+with, exitUsage, []string{"--database and --config-file exclude each other"})
	s.refuses("project reset-password x --data-dir="+filepath.Join(s.dir, "nowhere"), exitUsage, []string{"there is no database"})
}

// TestBackupAndRestore: agents, people and logs find what they had, on other
// files than before.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	file := s.write("cp.yaml", controlPlane(s.run("secret\n", "hash-password")))
	address, stop := s.serve(file)
	s.logIn(address)
	s.addWeb(address)
	s.approveOne()
	apps := s.run("", "ctl app list")
	from := " --config-file=" + file + " --data-dir=" + filepath.Join(s.dir, "data") + " "
	archive := filepath.Join(s.dir, "backup.tar.gz")
	if r := s.try("", "backup"+from+archive); r.code != exitFailed || !strings.Contains(r.err, "in use by another pipecd process") {
		t.Errorf("got %+v while the server runs", r)
	}
	stop()
	if r := s.try("", "backup"+from+archive); r.code != exitOK || !regexp.MustCompile(`Backed up \d+ rows and [1-9]\d* objects, [\d.]+ [KM]iB\.`).MatchString(r.err) {
		t.Errorf("got %+v", r)
	}
	if info, err := os.Stat(archive); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup: %v, %v", info, err)
	}
	s.refuses("backup"+from+archive, exitUsage, []string{archive + " exists already"})
	s.refuses("backup"+from+"/nowhere/backup", exitUsage, []string{"the backup cannot be written"})
	s.refuses("backup --config-file="+file+" --data-dir="+filepath.Join(s.dir, "nowhere")+" x", exitUsage, []string{"there is no database"})
	s.refuses("restore"+from+archive, exitFailed, []string{"not empty"})
	s.refuses("restore"+from+filepath.Join(s.dir, "nowhere"), exitUsage, []string{"the backup cannot be read"})
	s.refuses("restore"+from+s.dir, exitUsage, []string{"no file that can be read twice"})
	s.refuses("restore"+from+file, exitFailed, []string{"this is no backup"})
	s.refuses("restore"+strings.TrimRight(from, " "), exitUsage, []string{"BACKUP is missing"})
	if out := s.try("", "backup"+from+"-"); out.code != exitOK || !strings.HasPrefix(out.out, "\x1f\x8b") {
		t.Errorf("got %d, %s", out.code, out.err)
	}
	moved := filepath.Join(s.dir, "moved")
	if r := s.try("", "restore --config-file="+file+" --data-dir="+moved+" "+archive); r.code != exitOK || !strings.Contains(r.err, "Restored ") {
		t.Fatalf("got %+v", r)
	}
	if err := os.RemoveAll(filepath.Join(s.dir, "data")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(moved, filepath.Join(s.dir, "data")); err != nil {
		t.Fatal(err)
	}
	address, _ = s.serve(file)
	s.run("secret\n", "ctl login --project dev --username admin --address "+address)
	if got := s.run("", "ctl app list"); got != apps {
		t.Errorf("the applications were\n%s\nand are\n%s", apps, got)
	}
	id := regexp.MustCompile(`[0-9a-f-]{36}`).FindString(s.run("", "ctl deployment list"))
	if out := s.run("", "ctl logs "+id+" stage-0"); !strings.Contains(out, "waiting for you") {
		t.Errorf("its log is %s", out)
	}
}
