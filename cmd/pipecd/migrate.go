package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"pipecd/cmd/pipecd/stores"
	"pipecd/pkg/config"
	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/mysql"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/model"
)

// migrateCommand is `pipecd migrate`.
type migrateCommand struct {
	configured

	status bool
}

func newMigrate(e env) *cobra.Command {
	m := &migrateCommand{configured: configured{env: e}}
	c := &cobra.Command{
		Use:   "migrate --config-file=FILE",
		Short: "Bring the tables of the datastore up to date",
		Long: `Bring the tables of the datastore that the configuration names up to date, and
tell each step. There is no way back: take a backup first (pipecd backup).

The server does the same when it starts, so this command is for those who want the
step to be one of its own. Several may run at once, also beside servers that start:
on MySQL one works and the others wait for it; a SQLite database belongs to one
process at a time, and the others say so.

With --status it only tells what would be done.`,
		Example: `  pipecd migrate --config-file=control-plane.yaml --status
  pipecd migrate --config-file=control-plane.yaml
  pipecd migrate --config-file=control-plane.yaml --data-dir=/var/lib/pipecd`,
		Args: args(),
		RunE: func(c *cobra.Command, _ []string) error { return m.run(c.Context()) },
	}
	m.registerConfigFile(c, configFileExplan+" (required)")
	m.data.register(c.Flags(), e)
	c.Flags().BoolVar(&m.status, "status", false, "only tell how far the tables are and what is to be applied")
	return c
}

func (m *migrateCommand) run(ctx context.Context) error {
	cfg, dir, err := m.load()
	if err != nil {
		return err
	}
	if m.status {
		return m.tell(ctx, cfg.Datastore, dir)
	}
	steps := 0
	err = m.migrate(ctx, cfg.Datastore, dir, func(s datastore.Migration) {
		steps++
		m.sayf("applied %3d %s (%s)", s.Version, s.Name, s.Took.Round(time.Millisecond))
	})
	if err != nil {
		return err
	}
	if steps == 0 {
		m.sayf("The tables are up to date; there was nothing to do.")
		return nil
	}
	m.sayf("The tables are up to date; %d steps were applied.", steps)
	return nil
}

// sayf tells how it goes.
func (m *migrateCommand) sayf(format string, args ...any) {
	_, _ = fmt.Fprintf(m.out, format+"\n", args...) // nobody is left to be told
}

func (m *migrateCommand) migrate(ctx context.Context, d config.Datastore, dir string, applied func(datastore.Migration)) error {
	if d.Type == config.DatastoreMySQL {
		return misconfigured(mysql.Migrate(ctx, stores.MySQLOptions(d.MySQL, m.logger), applied))
	}
	return misconfigured(sqlite.Migrate(ctx, sqlite.Options{Path: stores.DatabasePath(dir, d.SQLite.Path), Logger: m.logger}, applied))
}

// tell says how far the tables are.
func (m *migrateCommand) tell(ctx context.Context, d config.Datastore, dir string) error {
	schema, err := m.schema(ctx, d, dir)
	if model.CodeOf(err) == model.CodeNotFound {
		m.sayf("There is no database %s yet; it is made by pipecd migrate or when the server starts.", stores.DatabasePath(dir, d.SQLite.Path))
		return nil
	}
	if err != nil {
		return misconfigured(err)
	}
	switch {
	case schema.Have > schema.Need:
		m.sayf("The tables have version %d, which a newer pipecd wrote; this one knows versions up to %d.", schema.Have, schema.Need)
	case len(schema.Pending) == 0:
		m.sayf("The tables have version %d and are up to date.", schema.Have)
	default:
		m.sayf("The tables have version %d of %d. To be applied:", schema.Have, schema.Need)
		for _, s := range schema.Pending {
			m.sayf("pending %3d %s", s.Version, s.Name)
		}
	}
	return nil
}

func (m *migrateCommand) schema(ctx context.Context, d config.Datastore, dir string) (datastore.Schema, error) {
	if d.Type == config.DatastoreMySQL {
		return mysql.Schema(ctx, stores.MySQLOptions(d.MySQL, m.logger))
	}
	return sqlite.Schema(ctx, sqlite.Options{Path: stores.DatabasePath(dir, d.SQLite.Path), Logger: m.logger})
}
