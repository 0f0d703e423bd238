package mysql_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/datastoretest"
	"pipecd/pkg/datastore/mysql"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/model"
	"pipecd/pkg/realservers"
)

// server is the MariaDB all tests share; each has databases of its own.
var server *realservers.MariaDB

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "pipecd-mysql-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }()
		server, err = realservers.StartMariaDB(context.Background(), dir)
	}
	if realservers.MayBeMissing(err) {
		fmt.Fprintln(os.Stderr, "SKIPPED: the datastore on MySQL is not tested:", err)
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "The datastore on MySQL cannot be tested:", err)
		return 1
	}
	code := m.Run()
	_ = server.Kill()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

var databases atomic.Int32

// database makes an empty one and returns how to open it.
func database(t *testing.T) mysql.Options {
	t.Helper()
	name := fmt.Sprintf("t%d", databases.Add(1))
	must(t, server.CreateDatabase(t.Context(), name))
	return mysql.Options{URL: "root:" + realservers.MariaDBPassword + "@tcp(" + server.Address() + ")", Database: name, MaxConnections: 8}
}

func open(t *testing.T, o mysql.Options) datastore.Store {
	t.Helper()
	store, err := mysql.Open(t.Context(), o)
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	return store
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	store := open(t, database(t))
	datastoretest.Run(t, func(*testing.T) datastore.Store { return store })
}

func TestTransfer(t *testing.T) {
	t.Parallel()
	datastoretest.RunTransfer(t, func(t *testing.T) (datastore.Store, func() (datastore.Store, error)) {
		t.Helper()
		o := database(t)
		return open(t, o), func() (datastore.Store, error) { return mysql.Open(t.Context(), o) }
	})
}

// TestMovedToAndFro: what went from SQLite through MySQL and back is the same
// to the byte.
func TestMovedToAndFro(t *testing.T) {
	t.Parallel()
	file := func() datastore.Store {
		store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "db")})
		must(t, err)
		t.Cleanup(func() { must(t, store.Close()) })
		return store
	}
	first, between, last := file(), open(t, database(t)), file()
	datastoretest.Fill(t, first)
	want := datastoretest.Records(t, first)
	datastoretest.Copy(t, first, between)
	if !slices.Equal(datastoretest.Records(t, between), want) {
		t.Error("MySQL gives other rows than SQLite")
	}
	datastoretest.Copy(t, between, last)
	if !slices.Equal(datastoretest.Records(t, last), want) {
		t.Error("the rows came back differently")
	}
}

// TestOneOfManyMigrates: replicas that start at once all get a store whose tables are there.
func TestOneOfManyMigrates(t *testing.T) {
	t.Parallel()
	o := database(t)
	if _, err := mysql.OpenMigrated(t.Context(), o); err == nil || !strings.Contains(err.Error(), "pipecd migrate") {
		t.Errorf("an empty database was taken for a migrated one: %v", err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			store, err := mysql.Open(t.Context(), o)
			if err != nil {
				t.Error(err)
				return
			}
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	store, err := mysql.OpenMigrated(t.Context(), o)
	must(t, err)
	must(t, store.Close())
}

// TestRefusedSettings: what cannot work is told before anything is tried, and without the password.
func TestRefusedSettings(t *testing.T) {
	t.Parallel()
	good := database(t)
	for want, change := range map[string]func(*mysql.Options){
		"data source name":           func(o *mysql.Options) { o.URL = "root:hunter2@nowhere:x)" },
		"usernameFile and passwordF": func(o *mysql.Options) { o.URL = "mysql:3306" },
		"not for it to set: bogus":   func(o *mysql.Options) { o.URL += "/?bogus=1" },
		"says tls=skip-verify":       func(o *mysql.Options) { o.URL, o.TLS = o.URL+"/?tls=skip-verify", &mysql.TLS{} },
		"has no name":                func(o *mysql.Options) { o.Database = "" },
		"reading the credentials":    func(o *mysql.Options) { o.UsernameFile, o.PasswordFile = "/nowhere/user", "/nowhere/password" },
		"reading the certificates":   func(o *mysql.Options) { o.TLS = &mysql.TLS{CAFile: "/nowhere/ca.pem"} },
		"this client's certificate":  func(o *mysql.Options) { o.TLS = &mysql.TLS{CertFile: "/nowhere/cert.pem"} },
		"refuses the account":        func(o *mysql.Options) { o.URL = "root:hunter2@tcp(" + server.Address() + ")" },
		"the database does not exis": func(o *mysql.Options) { o.Database = "nobody_made_it" },
		"does not answer":            func(o *mysql.Options) { o.URL = "root:hunter2@tcp(127.0.0.1:1)" },
	} {
		o := good
		change(&o)
		_, err := mysql.Open(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("want %q, and no password; got %v", want, err)
		}
	}
}

// TestCredentialsFiles: the user's form, host and port alone with two files;
// a password that is changed is read again.
func TestCredentialsFiles(t *testing.T) {
	t.Parallel()
	o := database(t)
	must(t, server.Do(t.Context(), "CREATE USER pipecd@localhost IDENTIFIED BY 'first'"))
	must(t, server.Do(t.Context(), "GRANT ALL ON "+o.Database+".* TO pipecd@localhost"))
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	o.URL, o.UsernameFile, o.PasswordFile = server.Address(), write("user", "pipecd"), write("password", "first\n")
	store := open(t, o)
	must(t, store.Ping(t.Context()))
	must(t, server.Do(t.Context(), "ALTER USER pipecd@localhost IDENTIFIED BY 'second'"))
	write("password", "second\n")
	again, err := mysql.OpenMigrated(t.Context(), o)
	must(t, err)
	must(t, again.Close())
}

// TestLostConnections: a store goes on by itself when its connections are cut.
func TestLostConnections(t *testing.T) {
	t.Parallel()
	o := database(t)
	store := open(t, o)
	project := &model.Project{ID: "p", CreatedAt: time.Unix(1, 0).UTC(), UpdatedAt: time.Unix(1, 0).UTC()}
	must(t, store.AddProject(t.Context(), project))
	for i := range 5 {
		must(t, server.CutConnections(t.Context(), o.Database))
		_, err := store.UpdateProject(t.Context(), "p", func(p *model.Project) error {
			p.Description = strconv.Itoa(i)
			return nil
		})
		must(t, err)
	}
}
