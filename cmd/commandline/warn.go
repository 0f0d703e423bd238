package commandline

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"pipecd/pkg/config"
	"pipecd/pkg/logging"
)

// Warn tells the warnings among a file's problems. People get them as they are,
// one per line, as they get errors, so that editors can jump to them; a log in
// JSON gets them as entries, so that every line of it can be parsed.
func Warn(ctx context.Context, w io.Writer, problems config.Problems, log logging.Flags, logger *slog.Logger) {
	for _, p := range problems.Warnings() {
		if strings.EqualFold(log.Encoding, "json") {
			logger.WarnContext(ctx, p.String())
		} else if logger.Enabled(ctx, slog.LevelWarn) {
			_, _ = fmt.Fprintln(w, p.String()) // nobody is left to be told
		}
	}
}
