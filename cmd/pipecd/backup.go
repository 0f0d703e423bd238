package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"pipecd/cmd/pipecd/stores"
	"pipecd/cmd/terminal"
	"pipecd/pkg/config"
	"pipecd/pkg/controlplane/backup"
	"pipecd/pkg/model"
	"pipecd/pkg/version"
)

// toOutput is the file name of standard output.
const toOutput = "-"

// backupCommand is `pipecd backup`, and `pipecd restore`.
type backupCommand struct {
	configured
}

func newBackup(e env) *cobra.Command {
	b := &backupCommand{configured{env: e}}
	c := &cobra.Command{
		Use:   "backup --config-file=FILE BACKUP",
		Short: "Write everything a control plane holds into one file",
		Long: `Write everything that the datastore and the filestore of the configuration hold into
one file, which pipecd restore puts into stores of any kind: from SQLite to MySQL, from
a directory to an object store, and back.

On MySQL the servers may run: the rows are those of one moment. A SQLite database
belongs to one process at a time, so stop the server first. The objects, which are
logs and other results, are read after the rows.

The file holds the hashes of passwords and of agents' keys, so only this user can read
it. It does not hold the configuration, the files with secrets that it names, and the
encryption key: keep those too. The tables must be those of this program, so take the
backup before an upgrade with the program that ran until then.

- writes to standard output.`,
		Example: `  pipecd backup --config-file=control-plane.yaml pipecd-backup.tar.gz
  pipecd backup --config-file=control-plane.yaml --data-dir=/var/lib/pipecd pipecd-backup.tar.gz
  pipecd backup --config-file=control-plane.yaml - | ssh backups 'umask 077; cat > pipecd-backup.tar.gz'`,
		Args: args("backup"),
		RunE: func(c *cobra.Command, args []string) error { return b.backup(c.Context(), args[0]) },
	}
	b.registerConfigFile(c, configFileExplan+" (required)")
	b.data.register(c.Flags(), e)
	return c
}

func newRestore(e env) *cobra.Command {
	b := &backupCommand{configured{env: e}}
	c := &cobra.Command{
		Use:   "restore --config-file=FILE BACKUP",
		Short: "Put a backup into empty stores",
		Long: `Put everything that pipecd backup wrote into the datastore and the filestore of the
configuration. Ids, times, versions and the epochs of leases stay what they were, so
agents go on where they are.

Both stores must be empty, so that nothing is mixed or lost: name a new database and a
new directory or bucket. The backup is first read to its end; one that is cut off or
damaged is refused before anything is stored. If something fails on the way, what was
stored is removed again; if the process is killed, servers refuse the database until it
is made anew.

Start the servers afterwards, with the encryption key of before: with another one
everybody has to log in again.`,
		Example: `  pipecd restore --config-file=new-control-plane.yaml pipecd-backup.tar.gz
  pipecd restore --config-file=new-control-plane.yaml --data-dir=/var/lib/pipecd pipecd-backup.tar.gz`,
		Args: args("backup"),
		RunE: func(c *cobra.Command, args []string) error { return b.restore(c.Context(), args[0]) },
	}
	b.registerConfigFile(c, configFileExplan+"; its stores are filled (required)")
	b.data.register(c.Flags(), e)
	return c
}

// backup writes the file whole, or removes it.
func (b *backupCommand) backup(ctx context.Context, path string) error {
	cfg, dir, err := b.load()
	if err != nil {
		return err
	}
	from, err := b.openSource(ctx, cfg, dir)
	if err != nil {
		return err
	}
	done, err := b.write(ctx, path, from)
	if err := errors.Join(err, from.Close()); err != nil {
		return err
	}
	b.sayf("Backed up %s.", counted(done))
	return nil
}

// openSource opens the stores to read from. A look at them makes no database and
// changes no table.
func (b *backupCommand) openSource(ctx context.Context, cfg *config.ControlPlane, dir string) (stores.Stores, error) {
	data, err := b.openMigrated(ctx, cfg.Datastore, dir)
	if model.CodeOf(err) == model.CodeNotFound {
		return stores.Stores{}, usagef("%s: name the server's data directory with --data-dir", err)
	}
	if err != nil {
		return stores.Stores{}, misconfigured(err)
	}
	files, err := stores.OpenFiles(ctx, cfg.Filestore, dir)
	if err != nil {
		return stores.Stores{}, errors.Join(misconfigured(err), data.Close())
	}
	return stores.Stores{Data: data, Files: files}, nil
}

func (b *backupCommand) write(ctx context.Context, path string, from stores.Stores) (done backup.Summary, err error) {
	if path == toOutput {
		if terminal.Is(b.out) {
			return done, usagef("a backup is not for a terminal: name a file, or send the output to another program")
		}
		return b.writeTo(ctx, b.out, from)
	}
	const private = 0o600
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, private)
	switch {
	case errors.Is(err, fs.ErrExist):
		return done, usagef("%s exists already: name another file", path)
	case err != nil:
		return done, usagef("the backup cannot be written: %s", err)
	}
	done, err = b.writeTo(ctx, file, from)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return done, errors.Join(err, os.Remove(path))
	}
	return done, nil
}

func (b *backupCommand) writeTo(ctx context.Context, w io.Writer, from stores.Stores) (backup.Summary, error) {
	const buffer = 1 << 20
	buffered := bufio.NewWriterSize(w, buffer)
	progress := newProgress(b.env, "backing up")
	done, err := backup.Write(ctx, buffered, backup.Stores{Data: from.Data, Files: from.Files},
		backup.Options{Program: "pipecd " + version.Get(), Now: time.Now(), Progress: progress.tell})
	progress.end()
	if err == nil {
		err = model.Wrap(model.CodeUnavailable, buffered.Flush(), "writing the backup")
	}
	return done, err
}

// restore fills the stores of the configuration.
func (b *backupCommand) restore(ctx context.Context, path string) error {
	cfg, dir, err := b.load()
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return usagef("the backup cannot be read: %s", err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return usagef("%s is no file that can be read twice, which a restore does: write the backup into a file first", path)
	}
	into, err := stores.Open(ctx, cfg, dir, b.logger)
	if err != nil {
		return misconfigured(err)
	}
	progress := newProgress(b.env, "restoring")
	done, err := backup.Restore(ctx, file, backup.Stores{Data: into.Data, Files: into.Files}, backup.Options{Progress: progress.tell, Verifying: progress.verify})
	progress.end()
	if err := errors.Join(err, into.Close()); err != nil {
		return err
	}
	b.sayf("Restored %s.", counted(done))
	return nil
}

// sayf tells people how it goes; the output may be the backup.
func (b *backupCommand) sayf(format string, args ...any) {
	_, _ = fmt.Fprintf(b.err, format+"\n", args...) // nobody is left to be told
}
