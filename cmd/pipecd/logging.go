package main

import (
	"io"
	"log/slog"

	"github.com/spf13/pflag"

	"pipecd/pkg/logging"
)

func registerLogging(flags *pflag.FlagSet, l *logging.Flags) {
	flags.StringVar(&l.Level, "log-level", "info", "least severe entries to log: debug, info, warn or error")
	flags.StringVar(&l.Encoding, "log-encoding", "humanize", "form of the log: humanize or json")
}

func newLogger(w io.Writer, l logging.Flags) (*slog.Logger, error) {
	logger, err := logging.New(w, l)
	if err != nil {
		return nil, usagef("%s", err)
	}
	return logger, nil
}
