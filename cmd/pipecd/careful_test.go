package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLogoutEndsTheSession: who has a copy of the session cannot go on with it,
// and who logs out while the control plane is away is told that it could.
func TestLogoutEndsTheSession(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	file := s.write("cp.yaml", controlPlane(s.run("secret\n", "hash-password")))
	address, stop := s.serve(file)
	s.run("secret\n", "ctl login --project dev --username admin --address "+address)
	kept := filepath.Join(s.dir, "session.json")
	session, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	s.run("", "ctl app list")
	s.run("", "ctl logout")
	if _, err := os.Stat(kept); !os.IsNotExist(err) {
		t.Errorf("the session is still here: %v", err)
	}
	s.write("session.json", string(session))
	if r := s.try("", "ctl app list"); r.code != exitFailed || !strings.Contains(r.err, "ctl login") {
		t.Errorf("with a copy of the session: %+v", r)
	}
	s.run("", "ctl logout") // of a session that has ended already
	s.run("", "ctl logout") // of none

	s.run("secret\n", "ctl login --project dev --username admin --address "+address)
	stop()
	r := s.try("", "ctl logout")
	if r.code != exitFailed || !strings.Contains(r.err, "stays valid at the control plane until") {
		t.Errorf("with the control plane away: %+v", r)
	}
	if _, err := os.Stat(kept); !os.IsNotExist(err) {
		t.Errorf("the session is still here: %v", err)
	}
}

// TestPipedKeys: what a person can do about an agent whose key got lost.
func TestPipedKeys(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	file := s.write("cp.yaml", controlPlane(s.run("secret\n", "hash-password")))
	address, _ := s.serve(file)
	s.run("secret\n", "ctl login --project dev --username admin --address "+address)
	first := s.run("", "ctl piped add my-piped")
	second := s.run("", "ctl piped add-key my-piped")
	if !strings.HasPrefix(second, "Key ") || !strings.Contains(second, "shown only now") || strings.Contains(first, strings.Fields(second)[1]) {
		t.Errorf("got %s", second)
	}
	if r := s.try("", "ctl piped add-key my-piped"); r.code != exitFailed {
		t.Errorf("a third key: %+v", r)
	}
	s.run("", "ctl piped delete-old-keys my-piped")
	if out := s.run("", "__complete ctl piped disable "); !strings.HasPrefix(out, "my-piped") {
		t.Errorf("shells are told %q", out)
	}
	inFile := filepath.Join(s.dir, "third")
	s.run("", "ctl piped add-key my-piped --key-file "+inFile)
	if info, err := os.Stat(inFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file of the key: %v, %v", info, err)
	}
	s.refuses("ctl piped add-key my-piped --key-file "+inFile, exitUsage, []string{"exists already"})
	s.run("", "ctl piped disable my-piped")
	if out := s.run("", "ctl piped list -o json"); !strings.Contains(out, `"disabled":true`) && !strings.Contains(out, `"disabled": true`) {
		t.Errorf("it is not disabled: %s", out)
	}
	s.run("", "ctl piped enable my-piped")
	if out := s.run("", "ctl piped list -o json"); strings.Contains(out, `"disabled":true`) || strings.Contains(out, `"disabled": true`) {
		t.Errorf("it is not enabled: %s", out)
	}
	if r := s.try("", "ctl piped disable nobody"); r.code != exitFailed || !strings.Contains(r.err, `there is no piped "nobody"`) {
		t.Errorf("got %+v", r)
	}
}

// TestProjectsChangeNoTables: a look at a database that another program's version
// made does not bring it up to date.
func TestProjectsChangeNoTables(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	if err := os.Mkdir(filepath.Join(s.dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.write(filepath.Join("data", "pipecd.db"), "") // a database without tables
	for _, line := range []string{"project list", "project add x", "project reset-password x"} {
		r := s.try("", line+" --data-dir="+filepath.Join(s.dir, "data"))
		if r.code != exitFailed || !strings.Contains(r.err, "run pipecd migrate") {
			t.Errorf("%s: got %+v", line, r)
		}
	}
	if r := s.try("", "project add x --data-dir="+filepath.Join(s.dir, "new")); r.code != exitOK || !strings.Contains(r.err, "there is none yet") {
		t.Errorf("got %+v", r)
	}
	s.run("", "project list --data-dir="+filepath.Join(s.dir, "new"))
	s.run("", "project add long --description="+strings.Repeat("ä", 2000)+" --data-dir="+filepath.Join(s.dir, "new"))
	if out := s.run("", "project list --data-dir="+filepath.Join(s.dir, "new")); len([]rune(out)) > 400 || !strings.Contains(out, "ää…") {
		t.Errorf("the list is wide: %s", out)
	}
	s.refuses("project add y --description="+strings.Repeat("y", 4097), exitUsage, []string{"the description is 4097 bytes long; at most 4096 are kept"})
}

// TestStoresLeftOpen: settings that would go without protection, or without keys,
// unnoticed.
func TestStoresLeftOpen(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	_, keyless, bare := s.storeFiles()
	s.refuses("server --config-file="+keyless, exitUsage, []string{"keyless.yaml:6:5: spec.filestore.config: expected accessKeyFile and secretKeyFile"})
	role := s.write("role.yaml", "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec:\n  filestore:\n    type: S3\n    config: {bucket: b, region: r, roleARN: a}\n")
	s.refuses("server --config-file="+role, exitUsage, []string{"role.yaml:6:45: spec.filestore.config.roleARN: expected tokenFile beside it"})
	s.refuses("server --config-file="+bare, exitUsage, []string{"bare.yaml:8:7: spec.datastore.config.tls: is empty, which would leave the connection unprotected"})
}

// storeFiles writes configurations of stores that are not there: an object store,
// one without keys, and a database whose protection was left empty.
func (s *shell) storeFiles() (minio, keyless, bare string) {
	minioOf := func(name, config string) string {
		return s.write(name, "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec:\n  filestore:\n    type: MINIO\n    config: {endpoint: 'http://127.0.0.1:1', bucket: pipecd"+config+"}\n")
	}
	key := s.write("key", "hunter2")
	minio, keyless = minioOf("minio.yaml", ", accessKeyFile: "+key+", secretKeyFile: "+key), minioOf("keyless.yaml", "")
	bare = s.write("bare.yaml", "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec:\n  datastore:\n    type: MYSQL\n    config:\n      url: 'root:hunter2@tcp(127.0.0.1:1)/d'\n      tls:\n")
	return minio, keyless, bare
}
