package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/sqldb"
	"pipecd/pkg/model"
)

// Memory is the path of a database without a file.
const Memory = ":memory:"

// Options say which database to open.
type Options struct {
	// Path of the file, or Memory. The file, its directory and the lock file beside it are
	// created when absent, readable by this user only.
	Path string
	// Logger is for what happens on the way; nil discards.
	Logger *slog.Logger
}

// Open opens the database, creating and migrating it as needed. ctx is for the
// opening alone. Errors: model.CodeUnavailable when another process has the
// file open, CodeFailedPrecondition when a newer program wrote it or it is
// damaged, CodeInvalid when the path cannot be used.
func Open(ctx context.Context, o Options) (datastore.Store, error) {
	return open(ctx, o, sqldb.Migrate)
}

// OpenMigrated opens a database that is there and whose tables are up to date.
// Errors as Open, model.CodeNotFound when there is no such file, and
// model.CodeFailedPrecondition when its tables are not up to date.
func OpenMigrated(ctx context.Context, o Options) (datastore.Store, error) {
	if err := requireFile(o.Path); err != nil {
		return nil, err
	}
	return open(ctx, o, sqldb.RequireMigrated)
}

func requireFile(path string) error {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return model.Errorf(model.CodeNotFound, "there is no database %s", path)
	}
	return model.Wrap(model.CodeInvalid, err, "looking for the database")
}

// Migrate creates the database when it is absent and brings its tables up to
// date, telling each step. Errors as Open.
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

// Schema returns how far the tables are, and changes nothing. model.CodeNotFound
// when there is no such file; other errors as Open.
func Schema(ctx context.Context, o Options) (schema datastore.Schema, err error) {
	if err := requireFile(o.Path); err != nil {
		return schema, err
	}
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
	if o.Path == "" {
		return nil, model.Errorf(model.CodeInvalid, "the SQLite database needs a path; %s keeps it in memory", Memory)
	}
	if o.Path == Memory {
		db, err := connect(Memory+"?_foreign_keys=1&_dqs=0&_txlock=immediate", 1)
		if err != nil {
			return nil, err
		}
		return prepared(ctx, sqldb.Options{Writer: db, Reader: db, Logger: o.Logger}, prepare)
	}
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, model.Wrap(model.CodeInvalid, err, "finding the database "+o.Path)
	}
	unlock, err := claim(path)
	if err != nil {
		return nil, err
	}
	pools, err := openFile(ctx, path)
	if err != nil {
		return nil, errors.Join(err, unlock())
	}
	pools.Logger, pools.Close = o.Logger, unlock
	return prepared(ctx, pools, prepare)
}

// claim creates what is missing and makes the file this process's own.
func claim(path string) (unlock func() error, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, model.Wrap(model.CodeInvalid, err, "creating the directory of the database "+path)
	}
	unlock, err = lock(path)
	if err != nil {
		return nil, err
	}
	// SQLite would create it readable for everybody. It must be closed again before SQLite opens
	// it: closing a file drops the process's record locks on it.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		code := model.CodeInvalid
		if errors.Is(err, fs.ErrPermission) {
			code = model.CodePermissionDenied
		}
		return nil, errors.Join(model.Wrap(code, err, "opening the database "+path), unlock())
	}
	return unlock, nil
}

// openFile opens the writer's connection and the readers'.
func openFile(ctx context.Context, path string) (sqldb.Options, error) {
	// The writer is first: it turns the write-ahead log on.
	writer, err := connect(dsn(path, url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"journal_size_limit(67108864)"}, // bytes
	}), 1)
	if err != nil {
		return sqldb.Options{}, err
	}
	if err := writer.PingContext(ctx); err != nil {
		return sqldb.Options{}, errors.Join(unusable(path, err), writer.Close())
	}
	const minReaders = 4
	reader, err := connect(dsn(path, url.Values{"_query_only": {"1"}}), max(minReaders, runtime.GOMAXPROCS(0)))
	if err != nil {
		return sqldb.Options{}, errors.Join(err, writer.Close())
	}
	return sqldb.Options{Writer: writer, Reader: reader}, nil
}

// unusable says what is wrong with a file that the first connection could not use.
func unusable(path string, err error) error {
	doing := "opening the database " + path
	switch primaryCode(err) {
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return model.Wrap(model.CodeFailedPrecondition, err, doing+": the file is damaged or no SQLite database; restore a backup or choose another path")
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return model.Wrap(model.CodeInvalid, err, doing+": the file and its directory must be writable")
	default:
		return model.Wrap(model.CodeUnavailable, err, doing)
	}
}

// dsn returns the data source name with the settings that every connection has.
func dsn(path string, extra url.Values) string {
	query := url.Values{
		"_busy_timeout": {"5000"}, // for the odd tool that looks into the file; milliseconds
		"_foreign_keys": {"1"},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"_dqs":          {"0"},
		"_defensive":    {"1"},
	}
	maps.Copy(query, extra)
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(path), OmitHost: true, RawQuery: query.Encode()}
	return name.String()
}

func connect(name string, connections int) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(name)
	if err != nil {
		return nil, model.Wrap(model.CodeInternal, err, "opening the database "+name)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections) // in memory the connection is the database
	return db, nil
}

// prepared returns the store on tables that are as prepare wants them, or
// closes it.
func prepared(ctx context.Context, pools sqldb.Options, prepare func(context.Context, sqldb.Migration) error) (datastore.Store, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, model.Wrap(model.CodeInternal, err, "reading the database migrations of this program")
	}
	pools.Dialect, pools.Together = dialect{files: files}, true
	store := sqldb.New(pools)
	err = prepare(ctx, sqldb.Migration{DB: pools.Writer, Dialect: pools.Dialect, Logger: pools.Logger})
	if err == nil {
		err = sqldb.RequireWhole(ctx, store)
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}
