package mysql

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/sqldb"
	"pipecd/pkg/model"
)

const (
	// defaultConnections is the most connections of one replica: few enough for several
	// replicas under the servers' default of 151.
	defaultConnections = 32
	// Connections are replaced now and then, so that a load balancer in front of the server can move them.
	connectionLife = 10 * time.Minute
	connectionIdle = 5 * time.Minute
)

// Options say which server to use.
type Options struct {
	// URL is a data source name such as user:password@tcp(host:3306)/database?tls=true. With both
	// files it is the address alone: host:3306.
	URL string
	// Database is used when the URL has none.
	Database string
	// UsernameFile and PasswordFile name files with the credentials; both or none. They are read
	// again for every connection, so a password can be changed without a restart.
	UsernameFile, PasswordFile string
	// TLS is how the connection is protected; nil leaves it to the URL.
	TLS *TLS
	// MaxConnections of this process; 0 for the default of 32.
	MaxConnections int
	// Logger is for what happens on the way; nil discards.
	Logger *slog.Logger
}

// Open connects and brings the tables up to date. Errors: model.CodeInvalid
// when the settings cannot work, CodePermissionDenied when the server refuses
// the account, CodeUnavailable when it does not answer, CodeFailedPrecondition
// when a newer program wrote the tables.
func Open(ctx context.Context, o Options) (datastore.Store, error) {
	return open(ctx, o, sqldb.Migrate)
}

// OpenMigrated connects to a server whose tables are up to date. Errors as
// Open, and model.CodeFailedPrecondition when they are not.
func OpenMigrated(ctx context.Context, o Options) (datastore.Store, error) {
	return open(ctx, o, sqldb.RequireMigrated)
}

// Migrate brings the tables up to date, telling each step. Errors as Open. Of
// several processes that do so at once one works, and the others wait for it.
func Migrate(ctx context.Context, o Options, applied func(datastore.Migration)) error {
	store, err := open(ctx, o, func(ctx context.Context, m sqldb.Migration) error {
		m.Applied = applied
		return sqldb.Migrate(ctx, m)
	})
	if err != nil {
		return err
	}
	return store.Close()
}

// Schema returns how far the tables are, and changes nothing. Errors as Open.
func Schema(ctx context.Context, o Options) (schema datastore.Schema, err error) {
	store, err := open(ctx, o, func(ctx context.Context, m sqldb.Migration) error {
		schema, err = sqldb.Look(ctx, m)
		return err
	})
	if err != nil {
		return datastore.Schema{}, err
	}
	return schema, store.Close()
}

func open(ctx context.Context, o Options, prepare func(context.Context, sqldb.Migration) error) (datastore.Store, error) {
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	connector, err := newConnector(ctx, o)
	if err != nil {
		return nil, err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, model.Wrap(model.CodeInternal, err, "reading the database migrations of this program")
	}
	db := sql.OpenDB(connector)
	limit := cmp.Or(o.MaxConnections, defaultConnections)
	db.SetMaxOpenConns(limit)
	db.SetMaxIdleConns(limit)
	db.SetConnMaxLifetime(connectionLife)
	db.SetConnMaxIdleTime(connectionIdle)
	d := dialect{files: files}
	store := sqldb.New(sqldb.Options{Writer: db, Reader: db, Dialect: d, Logger: o.Logger})
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(connector.explain(ctx, err), store.Close())
	}
	locker, err := newLocker(o.Logger)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	migration := sqldb.Migration{DB: db, Dialect: d, Logger: o.Logger, Extra: []goose.ProviderOption{goose.WithLocker(locker)}}
	err = prepare(ctx, migration)
	if err == nil {
		err = sqldb.RequireWhole(ctx, store)
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}

// newLocker lets one of several processes migrate. A process that dies with
// the lock keeps the others for the lease.
func newLocker(logger *slog.Logger) (lock.Locker, error) {
	const (
		interval = time.Second
		attempts = 300 // of a second each: the longest migration of others that is waited for
		lease    = 30 * time.Second
		beat     = 5 * time.Second
	)
	locker, err := lock.NewMySQLTableLocker(
		lock.WithTableName("migration_lock"), lock.WithTableLogger(logger),
		lock.WithTableLeaseDuration(lease), lock.WithTableHeartbeatInterval(beat), lock.WithTableLockTimeout(interval, attempts))
	return locker, model.Wrap(model.CodeInternal, err, "preparing the lock of the migrations")
}
