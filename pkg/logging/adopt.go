package logging

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"google.golang.org/grpc/grpclog"
)

// Adopt makes logger the whole process's: what libraries print with package log,
// with slog's default or with gRPC's own logger becomes its entries, instead of
// lines of another shape on standard error. A program calls it once, before
// anything else runs; nothing of ours logs this way.
func Adopt(logger *slog.Logger) {
	slog.SetDefault(logger) // package log follows it
	grpclog.SetLoggerV2(grpcLogger{logger.With(slog.String("library", "grpc"))})
}

// grpcLogger is gRPC's logger. Connections that break and come back are its
// daily life, and the callers report what it means: only its errors are told,
// as warnings.
type grpcLogger struct{ logger *slog.Logger }

var _ grpclog.LoggerV2 = grpcLogger{}

func (g grpcLogger) log(level slog.Level, text string) {
	// gRPC's interface has no context.
	g.logger.Log(context.Background(), level, strings.TrimRight(text, "\n"))
}

// Info implements grpclog.LoggerV2.
func (g grpcLogger) Info(args ...any) { g.log(slog.LevelDebug, fmt.Sprint(args...)) }

// Infoln implements grpclog.LoggerV2.
func (g grpcLogger) Infoln(args ...any) { g.log(slog.LevelDebug, fmt.Sprintln(args...)) }

// Infof implements grpclog.LoggerV2.
func (g grpcLogger) Infof(format string, args ...any) {
	g.log(slog.LevelDebug, fmt.Sprintf(format, args...))
}

// Warning implements grpclog.LoggerV2.
func (g grpcLogger) Warning(args ...any) { g.log(slog.LevelDebug, fmt.Sprint(args...)) }

// Warningln implements grpclog.LoggerV2.
func (g grpcLogger) Warningln(args ...any) { g.log(slog.LevelDebug, fmt.Sprintln(args...)) }

// Warningf implements grpclog.LoggerV2.
func (g grpcLogger) Warningf(format string, args ...any) {
	g.log(slog.LevelDebug, fmt.Sprintf(format, args...))
}

// Error implements grpclog.LoggerV2.
func (g grpcLogger) Error(args ...any) { g.log(slog.LevelWarn, fmt.Sprint(args...)) }

// Errorln implements grpclog.LoggerV2.
func (g grpcLogger) Errorln(args ...any) { g.log(slog.LevelWarn, fmt.Sprintln(args...)) }

// Errorf implements grpclog.LoggerV2.
func (g grpcLogger) Errorf(format string, args ...any) {
	g.log(slog.LevelWarn, fmt.Sprintf(format, args...))
}

// Fatal implements grpclog.LoggerV2; gRPC ends the process itself.
func (g grpcLogger) Fatal(args ...any) { g.log(slog.LevelError, fmt.Sprint(args...)) }

// Fatalln implements grpclog.LoggerV2; gRPC ends the process itself.
func (g grpcLogger) Fatalln(args ...any) { g.log(slog.LevelError, fmt.Sprintln(args...)) }

// Fatalf implements grpclog.LoggerV2; gRPC ends the process itself.
func (g grpcLogger) Fatalf(format string, args ...any) {
	g.log(slog.LevelError, fmt.Sprintf(format, args...))
}

// V implements grpclog.LoggerV2: details are never asked for.
func (g grpcLogger) V(level int) bool {
	return level <= 0 && g.logger.Enabled(context.Background(), slog.LevelDebug)
}
