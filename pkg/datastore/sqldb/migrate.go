package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"path"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// Migration is what Migrate needs. All fields but Applied and Extra are required.
type Migration struct {
	DB      *sql.DB
	Dialect Dialect
	Logger  *slog.Logger
	// Applied, if set, is called after each step.
	Applied func(datastore.Migration)
	// Extra options are for the adapter, such as a lock between processes.
	Extra []goose.ProviderOption
}

// Migrate brings the database to the newest version this program knows, and
// refuses one that a newer program has written. There is no way back. Several
// processes may do it at once where the adapter brings a lock.
func Migrate(ctx context.Context, m Migration) error {
	schema, err := Look(ctx, m) // the library would look without the lock, while another process makes its table
	switch {
	case err != nil:
		return err
	case schema.Have > schema.Need:
		return tooNew(schema)
	case schema.Have == schema.Need:
		return nil
	}
	provider, err := m.provider()
	if err != nil {
		return err
	}
	steps := 0
	for ; ; steps++ { // one at a time, so that each can be told
		step, err := provider.UpByOne(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			break
		}
		if err != nil {
			return model.Wrap(model.CodeUnavailable, err, "migrating the database; nothing of the failed step was kept where the database can undo it")
		}
		if m.Applied != nil {
			m.Applied(migrationOf(step.Source, step.Duration))
		}
	}
	if steps > 0 { // else another process did it meanwhile
		m.Logger.InfoContext(ctx, "migrated the database", slog.Int("steps", steps), slog.Int64("to", schema.Need))
	}
	return nil
}

// Look returns how far the database is, and changes nothing.
func Look(ctx context.Context, m Migration) (datastore.Schema, error) {
	provider, err := m.provider()
	if err != nil {
		return datastore.Schema{}, err
	}
	have, err := m.storedVersion(ctx)
	if err != nil {
		return datastore.Schema{}, model.Wrap(model.CodeUnavailable, err, "reading the version of the database")
	}
	schema := datastore.Schema{Have: have}
	for _, source := range provider.ListSources() {
		schema.Need = source.Version
		if source.Version > have {
			schema.Pending = append(schema.Pending, migrationOf(source, 0))
		}
	}
	return schema, nil
}

// storedVersion is 0 for a database without tables. The library itself would
// make its table on the way.
func (m Migration) storedVersion(ctx context.Context) (int64, error) {
	versions, err := database.NewStore(m.Dialect.MigrationDialect(), goose.DefaultTablename)
	if err != nil {
		return 0, err
	}
	have, err := versions.GetLatestVersion(ctx, m.DB)
	switch {
	case err == nil:
		return have, nil
	case errors.Is(err, database.ErrVersionNotFound) || m.Dialect.Classify(err) == FailureNoTable:
		return 0, nil
	default:
		return 0, err
	}
}

func migrationOf(source *goose.Source, took time.Duration) datastore.Migration {
	_, name, _ := strings.Cut(strings.TrimSuffix(path.Base(source.Path), path.Ext(source.Path)), "_")
	return datastore.Migration{Version: source.Version, Name: name, Took: took}
}

// RequireMigrated refuses a database that Migrate would change, or that a
// newer program has written. The error is model.CodeFailedPrecondition.
func RequireMigrated(ctx context.Context, m Migration) error {
	schema, err := Look(ctx, m)
	switch {
	case err != nil:
		return err
	case schema.Have > schema.Need:
		return tooNew(schema)
	case schema.Have < schema.Need:
		return model.Errorf(model.CodeFailedPrecondition, "the database has version %d and this program needs %d; run pipecd migrate", schema.Have, schema.Need)
	default:
		return nil
	}
}

func (m Migration) provider() (*goose.Provider, error) {
	options := append([]goose.ProviderOption{
		goose.WithDisableGlobalRegistry(true),
		goose.WithLogger(goose.NopLogger()), // it logs without a context; what happened is logged by Migrate
	}, m.Extra...)
	provider, err := goose.NewProvider(m.Dialect.MigrationDialect(), m.DB, m.Dialect.Migrations(), options...)
	return provider, model.Wrap(model.CodeInternal, err, "reading the database migrations of this program")
}

func tooNew(s datastore.Schema) error {
	return model.Errorf(model.CodeFailedPrecondition,
		"the database has version %d, which a newer pipecd wrote, and this one knows versions up to %d; start the newer pipecd or restore a backup",
		s.Have, s.Need)
}
