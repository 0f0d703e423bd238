package quickstart

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// directory is where the files go.
type directory struct {
	path  string
	named bool // by the user; its files stay
	// hold is the locked file by which a quickstart knows its own named
	// directory; nil for a temporary one. The agent inherits it, so the
	// directory stays taken as long as either of the two lives, whatever ended
	// the other.
	hold *os.File
}

// openDirectory makes a temporary directory, or takes the named one and empties
// it of an earlier quickstart's files: the simulated cloud begins anew, so must
// the rest.
func openDirectory(named string) (directory, error) {
	if named == "" {
		dir, err := os.MkdirTemp("", "pipecd-quickstart-")
		if err != nil {
			return directory{}, fmt.Errorf("making a directory: %w", err)
		}
		return directory{path: dir}, nil
	}
	dir, err := filepath.Abs(named)
	if err != nil {
		return directory{}, fmt.Errorf("--data-dir: %w", err)
	}
	if err := os.MkdirAll(dir, privateDir); err != nil {
		return directory{}, fmt.Errorf("--data-dir: %w", err)
	}
	hold, err := take(dir)
	if err != nil {
		return directory{}, err
	}
	d := directory{path: dir, named: true, hold: hold}
	if err := beginAnew(dir); err != nil {
		d.close()
		return directory{}, err
	}
	return d, nil
}

// close removes a temporary directory, and leaves a named one to the next.
func (d directory) close() {
	if d.named {
		_ = d.hold.Close() // nothing is lost: what it holds is for those who find it locked
		return
	}
	_ = os.RemoveAll(d.path) // what is left is in the temporary directory
}

// fate says what became of the files.
func (d directory) fate() string {
	if d.named {
		return "its files are in " + d.path
	}
	return "its files are removed"
}

// marker is the file by which a quickstart knows its own directory. It holds the
// ids of the processes that use it.
const marker = ".pipecd-quickstart"

// letGo is how long processes of a quickstart that was killed may take to go.
const letGo = 3 * time.Second

// take locks the directory for this process. It refuses one that holds anything
// but a quickstart's files, and one that is in use.
func take(dir string) (*os.File, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("--data-dir: %w", err)
	}
	path := filepath.Join(dir, marker)
	if _, err := os.Stat(path); err != nil && len(entries) > 0 {
		return nil, fmt.Errorf("%w: --data-dir %s is not empty and was not made by a quickstart: name a new or empty directory", ErrUsage, dir)
	}
	const private = 0o600
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, private)
	if err != nil {
		return nil, fmt.Errorf("--data-dir: %w", err)
	}
	if err := lockSoon(f, dir); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, errors.Join(f.Truncate(0), note(f, "quickstart", os.Getpid()))
}

// lockSoon locks the file. Who held it may just be ending.
func lockSoon(f *os.File, dir string) error {
	const tries = 30
	ticker := time.NewTicker(letGo / tries)
	defer ticker.Stop()
	for range tries {
		if free, err := lock(f); err != nil || free {
			return err
		}
		<-ticker.C
	}
	return inUse(dir, f.Name())
}

// inUse says who holds the directory.
func inUse(dir, path string) error {
	content, err := os.ReadFile(path)
	who := strings.Join(strings.Fields(string(content)), " ")
	if err != nil || who == "" {
		who = "unknown"
	}
	return fmt.Errorf("--data-dir %s is used by another quickstart or by an agent it left behind (processes: %s): end them, or name another directory", dir, who)
}

// note adds a process to those who use the directory.
func note(f *os.File, what string, pid int) error {
	if _, err := fmt.Fprintf(f, "%s=%d\n", what, pid); err != nil {
		return fmt.Errorf("noting who uses the data directory: %w", err)
	}
	return nil
}

// beginAnew removes an earlier quickstart's files.
func beginAnew(dir string) error {
	for _, ours := range []string{"control-plane", "sample", "sample.git", "piped", "piped.log"} {
		if err := os.RemoveAll(filepath.Join(dir, ours)); err != nil {
			return fmt.Errorf("--data-dir: %w", err)
		}
	}
	return nil
}
