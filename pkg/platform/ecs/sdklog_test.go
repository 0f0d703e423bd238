package ecs

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
)

// What the SDK prints by itself becomes entries of the logger that the provider
// was given.
func TestSDKLogsThroughTheLogger(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	cfg := Config{Region: "ap-northeast-1", Logger: slog.New(slog.NewTextHandler(&out, nil))}
	loaded, err := awsconfig.LoadDefaultConfig(t.Context(), loadOptions(cfg)...)
	if err != nil {
		t.Fatal(err)
	}
	logger := logging.WithContext(t.Context(), loaded.Logger)
	logger.Logf(logging.Warn, "no checksum in %s\n", "the response")
	logger.Logf(logging.Debug, "every request")
	got := strings.TrimSpace(out.String())
	if !strings.HasSuffix(got, `level=WARN msg="no checksum in the response" library=aws-sdk`) || strings.Contains(got, "\n") {
		t.Errorf("got %q", got)
	}
}
