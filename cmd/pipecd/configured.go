package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"pipecd/cmd/pipecd/stores"
	"pipecd/pkg/config"
	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/mysql"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/logging"
	"pipecd/pkg/model"
)

const configFileExplan = "the server's configuration, a document of kind ControlPlane"

// configured is a command that works on the stores which the server's
// configuration file names, without a server.
type configured struct {
	env

	data       dataDir
	configFile string
	logger     *slog.Logger
}

// registerConfigFile defines --config-file, which completes to YAML files.
func (c *configured) registerConfigFile(cmd *cobra.Command, explan string) {
	f := cmd.PersistentFlags()
	f.StringVar(&c.configFile, "config-file", "", explan)
	_ = cmd.MarkPersistentFlagFilename("config-file", "yaml", "yml") // fails only for a flag that does not exist
}

// load reads the configuration and returns it with the data directory, whether
// or not that is there. Warnings are told; errors come all at once.
func (c *configured) load() (cfg *config.ControlPlane, dir string, err error) {
	if c.configFile == "" {
		return nil, "", usagef("--config-file is missing: name the server's configuration, a document of kind ControlPlane")
	}
	if c.logger, err = newLogger(c.err, logging.Flags{Level: "warn"}); err != nil {
		return nil, "", err
	}
	cfg, problems := config.ReadControlPlaneFile(c.configFile, config.CheckFiles)
	for _, p := range problems.Warnings() {
		_, _ = fmt.Fprintln(c.err, p.String()) // nobody is left to be told
	}
	if err := problems.Err(); err != nil {
		return nil, "", err
	}
	dir, err = c.data.find()
	return cfg, dir, err
}

// openMigrated opens the datastore, whose tables have to be those of this
// program: what is asked of a database in use must not change it under the
// servers.
func (c *configured) openMigrated(ctx context.Context, d config.Datastore, dir string) (datastore.Store, error) {
	if d.Type == config.DatastoreMySQL {
		return mysql.OpenMigrated(ctx, stores.MySQLOptions(d.MySQL, c.logger))
	}
	return sqlite.OpenMigrated(ctx, sqlite.Options{Path: stores.DatabasePath(dir, d.SQLite.Path), Logger: c.logger})
}

// misconfigured makes settings that cannot work an error about the
// configuration.
func misconfigured(err error) error {
	if model.CodeOf(err) == model.CodeInvalid {
		return usagef("%s", err)
	}
	return err
}
