package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pipecd/cmd/pipecd/stores"
	"pipecd/pkg/config"
	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/relay"
	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/mysql"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/model"
)

// projectCommand is `pipecd project`: it works on the datastore, without a
// server.
type projectCommand struct {
	configured

	database string

	description string
	username    string // of add
	newUsername string // of reset-password
}

func newProject(e env) *cobra.Command {
	p := &projectCommand{configured: configured{env: e}}
	c := group(&cobra.Command{
		Use:   "project",
		Short: "Add and list projects, and make new passwords",
		Long: `Add and list projects, and make new passwords, in the datastore that the server's
configuration names, or in a data directory. On MySQL the server may run; a SQLite
database belongs to one process at a time, so stop the server first.

Projects of the configuration file exist only there: they are listed when it is
named, and changed by editing it.`,
		Example: `  pipecd project add my-project --config-file=control-plane.yaml
  pipecd project list --data-dir=/var/lib/pipecd
  pipecd project reset-password my-project --config-file=control-plane.yaml`,
	})
	p.registerConfigFile(c, configFileExplan+"; its datastore is used")
	p.data.register(c.PersistentFlags(), e)
	c.PersistentFlags().StringVar(&p.database, "database", "", "database file, without --config-file (default \""+stores.DatabaseName+"\" in the data directory)")
	c.AddCommand(p.newAdd(), p.newList(), p.newReset())
	return c
}

func (p *projectCommand) newAdd() *cobra.Command {
	add := &cobra.Command{
		Use:   "add ID",
		Short: "Add a project and print its administrator's password, once",
		Example: `  pipecd project add my-project --description='The shop'
  pipecd project add my-project --config-file=control-plane.yaml`,
		Args: args("id"),
		RunE: func(c *cobra.Command, args []string) error { return p.add(c.Context(), args[0]) },
	}
	add.Flags().StringVar(&p.description, "description", "", "what the project is")
	add.Flags().StringVar(&p.username, "username", "admin", "name of the administrator")
	return add
}

func (p *projectCommand) newList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the projects",
		Example: `  pipecd project list
  pipecd project list --config-file=control-plane.yaml
  pipecd project list --data-dir=/var/lib/pipecd`,
		Args: args(),
		RunE: func(c *cobra.Command, _ []string) error { return p.list(c.Context()) },
	}
}

func (p *projectCommand) newReset() *cobra.Command {
	reset := &cobra.Command{
		Use:   "reset-password ID",
		Short: "Print a new password of a project's administrator, once",
		Long: `Replace the password of a project's administrator and print the new one, once. The
old password stops working, and everybody who is logged in to the project is logged
out, on every replica.`,
		Example: `  pipecd project reset-password my-project --config-file=control-plane.yaml
  pipecd project reset-password my-project --username=boss`,
		Args: args("id"),
		RunE: func(c *cobra.Command, args []string) error { return p.reset(c.Context(), args[0]) },
	}
	reset.Flags().StringVar(&p.newUsername, "username", "", "also give the administrator this name")
	return reset
}

// place is the datastore to work on. configured are the projects that the
// configuration file has, if one was named.
type place struct {
	open       func(context.Context) (datastore.Store, error)
	configured []*model.Project
}

// find returns what the flags name. Looking at a database that is not there
// does not make it, unless create says so.
func (p *projectCommand) find(create bool) (place, error) {
	if p.configFile == "" {
		dir, err := p.data.find()
		if err != nil {
			return place{}, err
		}
		p.logger = slog.New(slog.DiscardHandler)
		return p.file(stores.DatabasePath(dir, p.database), create)
	}
	if p.database != "" {
		return place{}, usagef("--database and --config-file exclude each other: the configuration says where the database is")
	}
	cfg, dir, err := p.load()
	if err != nil {
		return place{}, err
	}
	found := place{open: func(ctx context.Context) (datastore.Store, error) { return p.openMySQL(ctx, cfg, dir, create) }}
	if s := cfg.Datastore.SQLite; s != nil {
		if found, err = p.file(stores.DatabasePath(dir, s.Path), create); err != nil {
			return place{}, err
		}
	}
	found.configured = stores.Projects(cfg)
	return found, nil
}

// file returns the place that is a SQLite database.
func (p *projectCommand) file(path string, create bool) (place, error) {
	_, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !create:
		return place{}, usagef("there is no database %s: name the server's configuration with --config-file or its data directory with --data-dir, or add a first project with `pipecd project add`", path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return place{}, usagef("the database cannot be opened: %s", err)
	}
	isNew := err != nil
	return place{open: func(ctx context.Context) (datastore.Store, error) {
		o := sqlite.Options{Path: path, Logger: p.logger}
		if isNew {
			p.tellNew("the database " + path)
			return sqlite.Open(ctx, o)
		}
		return sqlite.OpenMigrated(ctx, o)
	}}, nil
}

// openMySQL opens the database. Tables are made only where there are none, for
// the first project.
func (p *projectCommand) openMySQL(ctx context.Context, cfg *config.ControlPlane, dir string, create bool) (datastore.Store, error) {
	o := stores.MySQLOptions(cfg.Datastore.MySQL, p.logger)
	if create {
		schema, err := mysql.Schema(ctx, o)
		if err != nil {
			return nil, misconfigured(err)
		}
		if schema.Have == 0 {
			p.tellNew("the tables of the database " + cfg.Datastore.MySQL.Database)
			store, err := mysql.Open(ctx, o)
			return store, misconfigured(err)
		}
	}
	store, err := p.openMigrated(ctx, cfg.Datastore, dir)
	return store, misconfigured(err)
}

func (p *projectCommand) tellNew(what string) {
	_, _ = fmt.Fprintf(p.err, "Making %s: there is none yet.\n", what) // nobody is left to be told
}

// with runs do with the open datastore.
func (l place) with(ctx context.Context, do func(datastore.Store) error) error {
	store, err := l.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(store), store.Close())
}

// refuseConfigured keeps people from changing a project that the configuration
// file overrides.
func (l place) refuseConfigured(id, instead string) error {
	if slices.ContainsFunc(l.configured, func(p *model.Project) bool { return p.ID == id }) {
		return usagef("the project %s is in the configuration file, which counts; %s", id, instead)
	}
	return nil
}

func (p *projectCommand) add(ctx context.Context, id string) error {
	if err := cmp.Or(model.ValidateID("the project's id", id), model.ValidateName("the user name", p.username)); err != nil {
		return usagef("%s", err)
	}
	if len(p.description) > model.MaxDescriptionLength {
		return usagef("the description is %d bytes long; at most %d are kept", len(p.description), model.MaxDescriptionLength)
	}
	where, err := p.find(true)
	if err == nil {
		err = where.refuseConfigured(id, "choose another id, or take it out of the file")
	}
	if err != nil {
		return err
	}
	password := auth.NewPassword()
	hash, err := auth.HashPassword(password)
	if err != nil {
		return err
	}
	now := time.Now()
	project := &model.Project{
		ID: id, Description: p.description, CreatedAt: now, UpdatedAt: now,
		StaticAdmin: &model.StaticAdmin{Username: p.username, PasswordHash: hash},
	}
	if err := where.with(ctx, func(s datastore.Store) error { return s.AddProject(ctx, project) }); err != nil {
		return err
	}
	return p.show(project, password)
}

// show prints the password.
func (p *projectCommand) show(project *model.Project, password string) error {
	_, err := fmt.Fprintf(p.out, "Project  %s\nUsername %s\nPassword %s\n\nThe password is shown only now.\n", project.ID, project.StaticAdmin.Username, password)
	return err
}

// reset changes the password. The sessions end with it: each carries a
// fingerprint of the hash that it began with.
func (p *projectCommand) reset(ctx context.Context, id string) error {
	if p.newUsername != "" {
		if err := model.ValidateName("the user name", p.newUsername); err != nil {
			return usagef("%s", err)
		}
	}
	where, err := p.find(false)
	if err == nil {
		err = where.refuseConfigured(id, "put the hash that `pipecd hash-password` makes there, and restart the server")
	}
	if err != nil {
		return err
	}
	password := auth.NewPassword()
	hash, err := auth.HashPassword(password)
	if err != nil {
		return err
	}
	return where.with(ctx, func(s datastore.Store) error {
		project, err := s.UpdateProject(ctx, id, func(project *model.Project) error {
			admin := model.StaticAdmin{Username: cmp.Or(p.newUsername, "admin"), PasswordHash: hash}
			if old := project.StaticAdmin; old != nil {
				admin.Username = cmp.Or(p.newUsername, old.Username)
			}
			project.StaticAdmin, project.UpdatedAt = &admin, time.Now()
			return nil
		})
		if err != nil {
			return err
		}
		// Servers look by themselves too, but later. The password is changed whether or not they hear of it.
		if err := relay.Tell(ctx, s, "pipecd project", notify.Project(id)); err != nil {
			_, _ = fmt.Fprintf(p.err, "The password is changed; streams that are open may last some seconds longer: %s\n", err)
		}
		return p.show(project, password)
	})
}

func (p *projectCommand) list(ctx context.Context) error {
	where, err := p.find(false)
	if err != nil {
		return err
	}
	t := table{header: []string{"ID", "ADMIN", "CREATED", "DESCRIPTION"}}
	for _, project := range where.configured {
		t.add(project.ID, adminOf(project), "in the file", brief(project.Description))
	}
	err = where.with(ctx, func(s datastore.Store) error {
		page := datastore.Page{}
		for {
			projects, next, err := s.ListProjects(ctx, page)
			if err != nil {
				return err
			}
			for _, project := range projects {
				t.add(project.ID, adminOf(project), shortTime(project.CreatedAt), brief(project.Description))
			}
			if next == "" {
				return nil
			}
			page.Cursor = next
		}
	})
	if err != nil {
		return err
	}
	return t.write(p.out)
}

// adminOf is the name of the project's administrator.
func adminOf(project *model.Project) string {
	if project.StaticAdmin == nil {
		return "-"
	}
	return project.StaticAdmin.Username
}

// brief is the beginning of a text, for a column.
func brief(text string) string {
	const most = 60
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
