package sqldb_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/sqldb"
	ownsqlite "pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/model"
)

var errLost = errors.New("the connection was lost")

// moment is when a connection is lost.
type moment string

const (
	atBegin     moment = "begin"
	atStatement moment = "statement"
	atCommit    moment = "commit, which does not arrive"
	afterCommit moment = "commit, which is not answered"
)

// network is a connector whose connections are lost when lose says so.
type network struct {
	driver.Connector

	lose func(m moment) bool
}

func (n *network) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := n.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	able, ok := inner.(complete)
	if !ok {
		return nil, errors.Join(errors.New("the driver lacks something"), inner.Close())
	}
	return &conn{complete: able, network: n}, nil
}

// conn is a connection that can be lost.
type conn struct {
	complete

	network *network
	lost    bool
}

// complete is what SQLite's connections can do.
type complete interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
}

func (c *conn) IsValid() bool { return !c.lost }

func (c *conn) Close() error {
	if c.lost {
		return nil
	}
	return c.complete.Close()
}

// at loses the connection if this is the moment: what was not committed is
// rolled back.
func (c *conn) at(m moment) error {
	if !c.lost && c.network.lose(m) {
		c.lost = true
		_ = c.complete.Close()
	}
	if c.lost {
		return errLost
	}
	return nil
}

func (c *conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if err := c.at(atBegin); err != nil {
		return nil, err
	}
	inner, err := c.complete.BeginTx(ctx, o)
	return tx{inner, c}, err
}

func (c *conn) ExecContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.at(atStatement); err != nil {
		return nil, err
	}
	return c.complete.ExecContext(ctx, q, args)
}

func (c *conn) QueryContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.at(atStatement); err != nil {
		return nil, err
	}
	return c.complete.QueryContext(ctx, q, args)
}

type tx struct {
	driver.Tx

	conn *conn
}

func (t tx) Commit() error {
	if err := t.conn.at(atCommit); err != nil {
		return err
	}
	if err := t.Tx.Commit(); err != nil {
		return err
	}
	return t.conn.at(afterCommit)
}

func (t tx) Rollback() error {
	if t.conn.lost {
		return nil
	}
	return t.Tx.Rollback()
}

// dialect is SQLite's, with connections that can be lost.
type dialect struct{}

func (dialect) Migrations() fs.FS               { return nil }
func (dialect) MigrationDialect() goose.Dialect { return goose.DialectSQLite3 }
func (dialect) Now() (string, []any)            { return "CAST(? AS INTEGER)", []any{time.Now().UnixMicro()} }
func (dialect) LockForShare() string            { return "" }
func (dialect) LockForUpdate() string           { return "" }

func (dialect) OrStored() string { return "" }
func (dialect) Classify(err error) sqldb.Failure {
	if errors.Is(err, errLost) {
		return sqldb.FailureDisconnected
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok && (e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE) {
		return sqldb.FailureDuplicate
	}
	return sqldb.FailureOther
}

// lossyStore is a store whose connections are lost when the network says so.
type lossyStore struct {
	*sqldb.Store

	network *network
	other   *sql.DB // reaches the same database
}

func lossy(t *testing.T) lossyStore {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	made, err := ownsqlite.Open(t.Context(), ownsqlite.Options{Path: path})
	must(t, err)
	must(t, made.AddProject(t.Context(), &model.Project{ID: "p"}))
	must(t, made.Close())
	inner, err := sqlite.NewConnector("file:" + path + "?_txlock=immediate")
	must(t, err)
	n := &network{Connector: inner, lose: func(moment) bool { return false }}
	db := sql.OpenDB(n)
	db.SetMaxOpenConns(1)
	s := lossyStore{
		Store:   sqldb.New(sqldb.Options{Writer: db, Reader: db, Dialect: dialect{}, Logger: slog.New(slog.DiscardHandler)}),
		network: n, other: sql.OpenDB(inner),
	}
	t.Cleanup(func() {
		must(t, s.Close())
		must(t, s.other.Close())
	})
	return s
}

// once loses the connection at the first such moment.
func once(when moment) func(moment) bool {
	done := false
	return func(m moment) bool {
		if done || m != when {
			return false
		}
		done = true
		return true
	}
}

// operation is a write and how often it was made.
type operation struct {
	do   func(ctx context.Context, s *sqldb.Store) error
	made func(ctx context.Context, s *sqldb.Store) int
}

func operations() map[string]operation {
	count := func(n int, err error) int {
		if err != nil {
			return -1
		}
		return n
	}
	newCommand := &model.Command{ID: "c", PipedID: "a", CreatedAt: time.Unix(1, 0), UpdatedAt: time.Unix(1, 0)}
	deployment := &model.Deployment{ID: "d", PipedID: "a", CreatedAt: time.Unix(1, 0), UpdatedAt: time.Unix(1, 0)}
	return map[string]operation{
		"change": {
			func(ctx context.Context, s *sqldb.Store) error {
				_, err := s.UpdateProject(ctx, "p", func(p *model.Project) error { p.Description += "x"; return nil })
				return err
			},
			func(ctx context.Context, s *sqldb.Store) int {
				p, err := s.GetProject(ctx, "p")
				if err != nil {
					return -1
				}
				return len(p.Description)
			},
		},
		"new": {
			func(ctx context.Context, s *sqldb.Store) error { return s.AddCommand(ctx, newCommand) },
			func(ctx context.Context, s *sqldb.Store) int {
				list, err := s.ListUnhandledCommands(ctx, "a")
				return count(len(list), err)
			},
		},
		"chain": {
			func(ctx context.Context, s *sqldb.Store) error {
				return s.StartChain(ctx, model.Fence{}, datastore.ChainStart{
					Chain: &model.DeploymentChain{ID: "chain"}, First: deployment, Commands: []*model.Command{newCommand},
				})
			},
			func(ctx context.Context, s *sqldb.Store) int {
				list, err := s.ListUnhandledCommands(ctx, "a")
				return count(len(list), err)
			},
		},
		"lease": {
			func(ctx context.Context, s *sqldb.Store) error {
				_, granted, err := s.AcquireLease(ctx, "a", datastore.LeaseRequest{InstanceID: "i", TTL: time.Hour})
				if err == nil && !granted {
					return errors.New("not granted")
				}
				return err
			},
			func(ctx context.Context, s *sqldb.Store) int {
				lease, err := s.GetLease(ctx, "a")
				return count(int(lease.Epoch), err)
			},
		},
	}
}

// TestLostConnection: a write whose connection is lost, whenever it is, is made
// once.
func TestLostConnection(t *testing.T) {
	t.Parallel()
	for _, when := range []moment{atBegin, atStatement, atCommit, afterCommit} {
		for name, op := range operations() {
			t.Run(name+"/"+string(when), func(t *testing.T) {
				t.Parallel()
				store := lossy(t)
				store.network.lose = once(when)
				must(t, op.do(t.Context(), store.Store))
				if n := op.made(t.Context(), store.Store); n != 1 {
					t.Errorf("made %d times", n)
				}
			})
		}
	}
}

// TestLostQuery: a query that gets no answer is asked again.
func TestLostQuery(t *testing.T) {
	t.Parallel()
	store := lossy(t)
	for range 3 {
		store.network.lose = once(atStatement)
		_, err := store.GetProject(t.Context(), "p")
		must(t, err)
		store.network.lose = once(atStatement)
		_, _, err = store.ListProjects(t.Context(), datastore.Page{})
		must(t, err)
		store.network.lose = once(atStatement)
		must(t, store.AddSignal(t.Context(), "s", []string{"x"}))
	}
}

// TestLostForGood: no attempt gets through, and the caller is told in the end.
func TestLostForGood(t *testing.T) {
	t.Parallel()
	for _, when := range []moment{atBegin, atStatement, atCommit} {
		store := lossy(t)
		store.network.lose = func(m moment) bool { return m == when }
		_, err := store.UpdateProject(t.Context(), "p", func(p *model.Project) error { p.Description += "x"; return nil })
		wantCode(t, err, model.CodeUnavailable)
		_, err = store.GetProject(t.Context(), "p")
		if when == atStatement {
			wantCode(t, err, model.CodeUnavailable)
		}
	}
}

// TestUndecided: a change whose commit got no answer, of a row that somebody
// else wrote since, is not made a second time: nobody knows whether it was made.
func TestUndecided(t *testing.T) {
	t.Parallel()
	for _, when := range []moment{atCommit, afterCommit} {
		store := lossy(t)
		lost, isLost, tries := once(when), false, 0
		store.network.lose = func(m moment) bool {
			if isLost && m == atBegin {
				_, err := store.other.ExecContext(t.Context(), "UPDATE projects SET version = version + 1, updated_at = 7 WHERE id = 'p'")
				must(t, err)
			}
			now := lost(m)
			isLost = isLost || now
			return now
		}
		_, err := store.UpdateProject(t.Context(), "p", func(p *model.Project) error {
			tries++
			p.Description += "x"
			return nil
		})
		wantCode(t, err, model.CodeUnavailable)
		if tries != 1 || !isLost {
			t.Errorf("%s: the rule ran %d times", when, tries)
		}
	}
}

func wantCode(t *testing.T, err error, want model.Code) {
	t.Helper()
	if got := model.CodeOf(err); got != want {
		t.Errorf("%v has the code %q, want %q", err, got, want)
	}
}
