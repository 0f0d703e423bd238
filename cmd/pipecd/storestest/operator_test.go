package storestest_test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// call calls a method of the web service as a browser does.
func call(t *testing.T, address, method, cookie, body string) (status int, setCookie string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/pipecd.web.v1.WebService/"+method, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Connect-Protocol-Version", "1")
	if cookie != "" {
		request.Header.Set("Cookie", cookie)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		t.Fatal(err)
	}
	setCookie, _, _ = strings.Cut(answer.Header.Get("Set-Cookie"), ";")
	return answer.StatusCode, setCookie
}

func loginBody(project, username, password string) string {
	body, err := json.Marshal(map[string]string{"project_id": project, "username": username, "password": password})
	if err != nil {
		panic(err) // texts always encode
	}
	return string(body)
}

// TestUsersFile: two replicas start at once on empty stores; the guide's login
// works on both, and a session of one is a session of the other.
func TestUsersFile(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	file := o.usersFile(false)
	if out := o.run("", "migrate", "--status", "--config-file="+file); !strings.Contains(out, "version 0 of") {
		t.Errorf("got %s", out)
	}
	first, second := o.serve(file), o.serve(file)
	a, b := first(), second()
	if out := o.run("", "migrate", "--config-file="+file); !strings.Contains(out, "there was nothing to do") {
		t.Errorf("after the servers started: %s", out)
	}
	for _, address := range []string{a, b} {
		if status, _ := call(t, address, "Login", "", loginBody("quickstart", "hello-pipecd", "wrong")); status != http.StatusUnauthorized {
			t.Errorf("a wrong password gets %d", status)
		}
	}
	status, session := call(t, a, "Login", "", loginBody("quickstart", "hello-pipecd", "hello-pipecd"))
	if status != http.StatusOK || session == "" {
		t.Fatalf("the guide's login gets %d and the cookie %q", status, session)
	}
	if status, _ := call(t, b, "ListApplications", session, "{}"); status != http.StatusOK {
		t.Errorf("the other replica answers the session with %d", status)
	}
	if status, _ := call(t, b, "Logout", session, "{}"); status != http.StatusOK {
		t.Errorf("logging out gets %d", status)
	}
	if status, _ := call(t, a, "ListApplications", session, "{}"); status != http.StatusUnauthorized {
		t.Errorf("a session that was ended on the other replica gets %d", status)
	}
}

// TestProjectsBesideRunningServers: a project is there at once, and a new
// password ends the sessions of the old one.
func TestProjectsBesideRunningServers(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	file := o.usersFile(true)
	address := o.serve(file)()
	with := "--config-file=" + file
	password := func(out string) string { return regexp.MustCompile(`Password (\S+)`).FindStringSubmatch(out)[1] }
	old := password(o.run("", "project", "add", "shop", "--username=boss", with))
	status, session := call(t, address, "Login", "", loginBody("shop", "boss", old))
	if status != http.StatusOK {
		t.Fatalf("the new project's login gets %d", status)
	}
	if out := o.run("", "project", "list", with); !strings.Contains(out, "shop") || !regexp.MustCompile(`quickstart +hello-pipecd +in the file`).MatchString(out) {
		t.Errorf("got %s", out)
	}
	fresh := password(o.run("", "project", "reset-password", "shop", with))
	for what, got := range map[string]int{
		"the session of before": first(call(t, address, "ListApplications", session, "{}")),
		"the old password":      first(call(t, address, "Login", "", loginBody("shop", "boss", old))),
	} {
		if got != http.StatusUnauthorized {
			t.Errorf("%s gets %d", what, got)
		}
	}
	if status, _ := call(t, address, "Login", "", loginBody("shop", "boss", fresh)); status != http.StatusOK {
		t.Errorf("the new password gets %d", status)
	}
}

func first(status int, _ string) int { return status }

// TestScenarios: the promises of the quickstart hold on the guide's control
// plane, one after the other on the same stores, and what it did moves to other
// stores and back without a change.
func TestScenarios(t *testing.T) { //nolint:paralleltest // it measures, and would measure the others too
	o := newOperator(t)
	file := o.usersFile(false)
	for _, scenario := range []string{"canary", "bad-release", "broken-target"} {
		out := o.run("", "quickstart", "--exit", "--scenario="+scenario, "--control-plane-config="+file)
		t.Logf("%s", strings.TrimSpace(out))
	}
	o.serve(file)() // a backup is taken while it runs
	here, there, back := o.path("here.tar.gz"), o.path("there.tar.gz"), o.path("back.tar.gz")
	own, again := o.ownFile("own"), o.usersFile(true)
	o.run("", "backup", "--config-file="+file, here)
	o.run("", "restore", "--config-file="+own, here)
	o.run("", "backup", "--config-file="+own, there)
	o.run("", "restore", "--config-file="+again, there)
	o.run("", "backup", "--config-file="+again, back)
	want := entries(t, here)
	if len(want) < 10 {
		t.Errorf("only %d entries are in the backup", len(want))
	}
	for _, archive := range []string{there, back} {
		if got := entries(t, archive); !slices.Equal(got, want) {
			t.Errorf("%s is not what %s is", archive, here)
		}
	}
	address := o.serve(again)()
	o.run("hello-pipecd\n", "ctl", "login", "--address="+address, "--project=quickstart", "--username=hello-pipecd")
	out := o.run("", "ctl", "deployment", "list")
	if n := strings.Count(out, "SUCCESS"); n != 4 || strings.Count(out, "FAILURE") != 2 { // v1 three times and the good v2; the bad ones
		t.Errorf("after the move the deployments are\n%s", out)
	}
	id := regexp.MustCompile(`[0-9a-f-]{36}`).FindString(out)
	if log := o.run("", "ctl", "logs", id, "ANALYSIS"); log == "" {
		t.Error("the log of a deployment did not come along")
	}
	if _, says, err := o.try("", "restore", "--config-file="+again, there); err == nil || !strings.Contains(says, "not empty") {
		t.Errorf("a restore into stores that are used: %v, %s", err, says)
	}
}

// entries returns the content of a backup, without the time it was made and the
// sum that includes the time.
func entries(t *testing.T, archive string) (all []string) {
	t.Helper()
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	packed, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	in := tar.NewReader(packed)
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if header.Name != "pipecd-backup.json" && header.Name != "end.json" {
			all = append(all, header.Name+"\n"+string(content))
		}
	}
}
