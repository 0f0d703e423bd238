package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"pipecd/pkg/model"
)

// What is in a data directory.
const (
	keyName       = "encryption-key"
	dataDirEnv    = "PIPECD_DATA_DIR"
	dataDirExplan = "directory of the database, the files and the key (default $" + dataDirEnv + ", else $XDG_DATA_HOME/pipecd, else ~/.local/share/pipecd)"
)

// dataDir is the directory that holds a control plane's state.
type dataDir struct {
	flag   string
	getenv func(string) string
}

func (d *dataDir) register(flags *pflag.FlagSet, e env) {
	d.getenv = e.getenv
	flags.StringVar(&d.flag, "data-dir", "", dataDirExplan)
}

// find returns the directory, whether or not it is there.
func (d *dataDir) find() (string, error) {
	path, err := filepath.Abs(d.choose())
	if err != nil {
		return "", model.Errorf(model.CodeInvalid, "the data directory cannot be found: %w", err)
	}
	return path, nil
}

// path returns the directory, which is made readable for this user only when it
// is not there.
func (d *dataDir) path() (string, error) {
	path, err := d.find()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return "", model.Errorf(model.CodeInvalid, "the data directory cannot be made: %w; choose another with --data-dir", err)
	}
	return path, nil
}

func (d *dataDir) choose() string {
	switch {
	case d.flag != "":
		return d.flag
	case d.getenv(dataDirEnv) != "":
		return d.getenv(dataDirEnv)
	case filepath.IsAbs(d.getenv("XDG_DATA_HOME")):
		return filepath.Join(d.getenv("XDG_DATA_HOME"), "pipecd")
	case d.getenv("HOME") != "":
		return filepath.Join(d.getenv("HOME"), ".local", "share", "pipecd")
	default:
		return "pipecd-data"
	}
}
