package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"pipecd/cmd/pipecd/terminal"
	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// projectCommand is `pipecd project`: it works on the data directory, without a
// server.
type projectCommand struct {
	env
	data     dataDir
	database string

	description string
	username    string
}

func newProject(e env) *cobra.Command {
	p := &projectCommand{env: e}
	c := group(&cobra.Command{
		Use:   "project",
		Short: "Add and list the projects in a data directory",
		Long: `Add and list the projects in a data directory. The server must not be running:
one process at a time uses the database. Projects of the configuration file are
not listed; they exist only there.`,
		Example: `  pipecd project add my-project
  pipecd project list --data-dir=/var/lib/pipecd`,
	})
	p.data.register(c.PersistentFlags(), e)
	c.PersistentFlags().StringVar(&p.database, "database", "", "database file, if the configuration names one (default \""+databaseName+"\" in the data directory)")
	add := &cobra.Command{
		Use:     "add ID",
		Short:   "Add a project and print its administrator's password, once",
		Example: "  pipecd project add my-project --description='The shop'",
		Args:    args("id"),
		RunE:    func(c *cobra.Command, args []string) error { return p.add(c.Context(), args[0]) },
	}
	add.Flags().StringVar(&p.description, "description", "", "what the project is")
	add.Flags().StringVar(&p.username, "username", "admin", "name of the administrator")
	list := &cobra.Command{
		Use:   "list",
		Short: "List the projects",
		Example: `  pipecd project list
  pipecd project list --data-dir=/var/lib/pipecd`,
		Args: args(),
		RunE: func(c *cobra.Command, _ []string) error { return p.list(c.Context()) },
	}
	c.AddCommand(add, list)
	return c
}

// checkDatabase refuses a database that is not there, so that looking at it does
// not make it.
func (p *projectCommand) checkDatabase() error {
	dir, err := p.data.find()
	if err != nil {
		return err
	}
	path := databasePath(dir, p.database)
	_, err = os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return usagef("there is no database %s: name the server's data directory with --data-dir, or add a first project with `pipecd project add`", path)
	case err != nil:
		return usagef("the database cannot be opened: %s", err)
	default:
		return nil
	}
}

// with runs do with the open database.
func (p *projectCommand) with(ctx context.Context, do func(datastore.Store) error) error {
	dir, err := p.data.path()
	if err != nil {
		return err
	}
	store, err := openDatabase(ctx, dir, p.database, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return errors.Join(do(store), store.Close())
}

func (p *projectCommand) add(ctx context.Context, id string) error {
	if err := cmp.Or(model.ValidateID("the project's id", id), model.ValidateName("the user name", p.username)); err != nil {
		return usagef("%s", err)
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
	if err := p.with(ctx, func(s datastore.Store) error { return s.AddProject(ctx, project) }); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.out, "Project  %s\nUsername %s\nPassword %s\n\nThe password is shown only now.\n", id, p.username, password)
	return err
}

func (p *projectCommand) list(ctx context.Context) error {
	if err := p.checkDatabase(); err != nil {
		return err
	}
	t := table{header: []string{"ID", "ADMIN", "CREATED", "DESCRIPTION"}}
	err := p.with(ctx, func(s datastore.Store) error {
		page := datastore.Page{}
		for {
			projects, next, err := s.ListProjects(ctx, page)
			if err != nil {
				return err
			}
			for _, project := range projects {
				admin := "-"
				if project.StaticAdmin != nil {
					admin = project.StaticAdmin.Username
				}
				t.add(project.ID, admin, shortTime(project.CreatedAt), project.Description)
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

func newHashPassword(e env) *cobra.Command {
	return &cobra.Command{
		Use:   "hash-password",
		Short: "Make the hash of a password for the configuration file",
		Long: `Read a password from the terminal or from standard input and print its bcrypt
hash, for spec.projects[].staticAdmin.passwordHash in the configuration file.`,
		Example: `  pipecd hash-password
  printf %s "$PASSWORD" | pipecd hash-password`,
		Args: args(),
		RunE: func(*cobra.Command, []string) error {
			password, err := readPassword(e, "Password: ")
			if err != nil {
				return err
			}
			hash, err := auth.HashPassword(password)
			if err != nil {
				return usagef("%s", err)
			}
			_, err = fmt.Fprintln(e.out, hash)
			return err
		},
	}
}

// readPassword asks on a terminal without showing what is typed, and else reads
// the first line of the input.
func readPassword(e env, prompt string) (string, error) {
	if f, ok := e.in.(*os.File); ok && terminal.Is(f) {
		_, _ = fmt.Fprint(e.err, prompt) // only a prompt
		typed, err := term.ReadPassword(int(f.Fd()))
		_, _ = fmt.Fprintln(e.err)
		if err != nil {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		return string(typed), nil
	}
	line, err := bufio.NewReader(io.LimitReader(e.in, maxSecretFile)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
