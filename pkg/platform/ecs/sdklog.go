package ecs

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aws/smithy-go/logging"
)

// sdkLogger makes what the SDK prints by itself entries of the logger. Without it
// the SDK writes to standard error in a shape of its own.
type sdkLogger struct {
	ctx    context.Context //nolint:containedctx // the SDK's interface hands it over apart from the call
	logger *slog.Logger
}

var _ logging.ContextLogger = sdkLogger{}

// Logf implements logging.Logger.
func (l sdkLogger) Logf(class logging.Classification, format string, args ...any) {
	level := slog.LevelDebug
	if class == logging.Warn {
		level = slog.LevelWarn
	}
	l.logger.Log(l.ctx, level, strings.TrimSpace(fmt.Sprintf(format, args...)), slog.String("library", "aws-sdk"))
}

// WithContext implements logging.ContextLogger.
func (l sdkLogger) WithContext(ctx context.Context) logging.Logger { return sdkLogger{ctx, l.logger} }
