package sqldb

import (
	"context"
	"database/sql"
	"log/slog"

	"github.com/pressly/goose/v3"

	"pipecd/pkg/model"
)

// Migration is what Migrate needs. All fields but Extra are required.
type Migration struct {
	DB      *sql.DB
	Dialect Dialect
	Logger  *slog.Logger
	// Extra options are for the adapter, such as a lock between processes.
	Extra []goose.ProviderOption
}

// Migrate brings the database to the newest version this program knows, and
// refuses one that a newer program has written. There is no way back.
func Migrate(ctx context.Context, m Migration) error {
	provider, have, want, err := m.versions(ctx)
	if err != nil || have == want {
		return err
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return model.Wrap(model.CodeUnavailable, err, "migrating the database; nothing of the failed step was kept where the database can undo it")
	}
	if len(results) > 0 {
		m.Logger.InfoContext(ctx, "migrated the database", slog.Int64("from", have), slog.Int64("to", want))
	}
	return nil
}

// RequireMigrated refuses a database that Migrate would change, or that a
// newer program has written. The error is model.CodeFailedPrecondition.
func RequireMigrated(ctx context.Context, m Migration) error {
	_, have, want, err := m.versions(ctx)
	if err == nil && have < want {
		return model.Errorf(model.CodeFailedPrecondition, "the database has version %d and this program needs %d; run pipecd migrate", have, want)
	}
	return err
}

// versions returns the database's version and this program's newest, and
// refuses a database that is ahead.
func (m Migration) versions(ctx context.Context) (provider *goose.Provider, have, want int64, err error) {
	options := append([]goose.ProviderOption{
		goose.WithDisableGlobalRegistry(true),
		goose.WithLogger(goose.NopLogger()), // it logs without a context; what happened is logged by Migrate
	}, m.Extra...)
	provider, err = goose.NewProvider(m.Dialect.MigrationDialect(), m.DB, m.Dialect.Migrations(), options...)
	if err != nil {
		return nil, 0, 0, model.Wrap(model.CodeInternal, err, "reading the database migrations of this program")
	}
	if have, want, err = provider.GetVersions(ctx); err != nil {
		return nil, 0, 0, model.Wrap(model.CodeUnavailable, err, "reading the version of the database")
	}
	if have > want {
		return nil, 0, 0, model.Errorf(model.CodeFailedPrecondition,
			"the database has version %d, which a newer pipecd wrote, and this one knows versions up to %d; start the newer pipecd or restore a backup",
			have, want)
	}
	return provider, have, want, nil
}
