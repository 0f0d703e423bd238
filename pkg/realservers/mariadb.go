package realservers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"time"

	_ "github.com/go-sql-driver/mysql" // the driver called mysql
)

// MariaDB is a server with its own data directory. Its account root has the
// password of Password and may connect from this machine only.
type MariaDB struct {
	process

	port string
	dir  string
}

// MariaDBPassword is the password of the account root.
const MariaDBPassword = "only on loopback"

// StartMariaDB makes a data directory below dir and starts a server on it.
func StartMariaDB(ctx context.Context, dir string) (*MariaDB, error) {
	server, err := find("mariadbd", "/usr/sbin/mariadbd", "apt-get install mariadb-server")
	if err != nil {
		return nil, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	m := &MariaDB{port: port, dir: filepath.Join(dir, "mariadb")}
	if err := m.install(ctx); err != nil {
		return nil, err
	}
	m.process = process{
		name: "MariaDB", grace: 20 * time.Second, ready: m.answers, //nolint:mnd // see the field
		command: func() *exec.Cmd {
			command := exec.Command(server, append(m.common(), m.serverFlags()...)...) //nolint:gosec,noctx // found above; ends with its owner
			command.Env = m.environment()
			return command
		},
	}
	err = m.Start(ctx)
	return m, err
}

// install makes the system tables, and the account's password at the first start.
func (m *MariaDB) install(ctx context.Context) error {
	installer, err := find("mariadb-install-db", "/usr/bin/mariadb-install-db", "apt-get install mariadb-server")
	if err != nil {
		return err
	}
	const private = 0o700
	if err := os.MkdirAll(m.temporary(), private); err != nil {
		return err
	}
	arguments := append(m.common(), "--auth-root-authentication-method=normal", "--skip-test-db")
	command := exec.CommandContext(ctx, installer, arguments...) //nolint:gosec // found above
	command.Env = m.environment()
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("making the tables of MariaDB: %w: %s", err, out)
	}
	password := fmt.Sprintf("ALTER USER root@localhost IDENTIFIED BY '%s';\n", MariaDBPassword)
	return os.WriteFile(m.initFile(), []byte(password), 0o600)
}

func (m *MariaDB) initFile() string { return filepath.Join(m.dir, "init.sql") }

func (m *MariaDB) temporary() string { return filepath.Join(m.dir, "tmp") }

// environment keeps temporary tables apart: a server that starts removes those
// of every other server in a directory they share.
func (m *MariaDB) environment() []string {
	return append(os.Environ(), "TMPDIR="+m.temporary())
}

// common are the flags of the installer and of the server.
func (m *MariaDB) common() []string {
	flags := []string{"--no-defaults", "--datadir=" + filepath.Join(m.dir, "data")}
	if me, err := user.Current(); err == nil && me.Uid == "0" { // which the server refuses unless it is said
		flags = append(flags, "--user=root")
	}
	return flags
}

func (m *MariaDB) serverFlags() []string {
	return []string{
		"--bind-address=127.0.0.1", "--port=" + m.port, "--socket=" + filepath.Join(m.dir, "socket"),
		"--pid-file=" + filepath.Join(m.dir, "pid"), "--init-file=" + m.initFile(),
		"--skip-name-resolve=OFF", "--max-connections=400", "--innodb-buffer-pool-size=256M", "--skip-log-bin",
	}
}

// Address is host and port.
func (m *MariaDB) Address() string { return "127.0.0.1:" + m.port }

func (m *MariaDB) source() string { return "root:" + MariaDBPassword + "@tcp(" + m.Address() + ")/" }

// answers also reports a server that has not read its first commands yet.
func (m *MariaDB) answers(ctx context.Context) error {
	return m.do(ctx, "DO 1")
}

// CreateDatabase makes an empty database.
func (m *MariaDB) CreateDatabase(ctx context.Context, name string) error {
	return m.do(ctx, "CREATE DATABASE `"+name+"`")
}

// Do runs one statement as root.
func (m *MariaDB) Do(ctx context.Context, statement string) error { return m.do(ctx, statement) }

// CutConnections ends the connections to a database, as a failover would.
func (m *MariaDB) CutConnections(ctx context.Context, database string) (err error) {
	db, err := sql.Open("mysql", m.source())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, "SELECT id FROM information_schema.processlist WHERE db = ?", database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		if err := m.do(ctx, fmt.Sprintf("KILL CONNECTION %d", id)); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (m *MariaDB) do(ctx context.Context, statement string) (err error) {
	db, err := sql.Open("mysql", m.source())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, statement)
	return err
}

// find returns the program's path.
func find(name, usual, install string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	if _, err := os.Stat(usual); err == nil {
		return usual, nil
	}
	return "", fmt.Errorf("%s is not there (%s): %w", name, install, ErrNotInstalled)
}
