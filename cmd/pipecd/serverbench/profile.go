package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
)

// profile takes a CPU profile of the control plane while calls are made, if the
// operator asked for one. What it returns waits until it is written.
func (w *world) profile(ctx context.Context, s settings, name string) func() error {
	if s.profiles == "" {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() { done <- w.writeProfile(ctx, s, filepath.Join(s.profiles, name)) }()
	return func() error { return <-done }
}

func (w *world) writeProfile(ctx context.Context, s settings, path string) error {
	seconds := strconv.Itoa(max(int(s.duration.Seconds()), 1))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.admin+"/debug/pprof/profile?seconds="+seconds, http.NoBody)
	if err != nil {
		return fmt.Errorf("asking for a profile: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("asking for a profile: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the profile was refused: %s", resp.Status)
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, privateFile)
	if err != nil {
		return fmt.Errorf("writing a profile: %w", err)
	}
	defer out.Close() //nolint:errcheck // Sync tells
	if _, err := io.Copy(out, resp.Body); err != nil {
		return fmt.Errorf("writing a profile: %w", err)
	}
	return out.Sync()
}
