package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// chunk is an entry of the manifest that the web UI's build writes.
type chunk struct {
	File    string   `json:"file"`
	IsEntry bool     `json:"isEntry"`
	Imports []string `json:"imports"`
}

// measureBundle adds up the compressed scripts that a list page needs before
// it can draw.
func measureBundle(_ context.Context, s settings, r *report) error {
	body, err := os.ReadFile(filepath.Join(s.bundle, ".vite", "manifest.json"))
	if errors.Is(err, fs.ErrNotExist) {
		_, _ = fmt.Fprintln(s.progress, "bench: the web UI is not built (make web); its size is left out")
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the manifest of the web UI: %w", err)
	}
	var manifest map[string]chunk
	if err := json.Unmarshal(body, &manifest); err != nil {
		return fmt.Errorf("reading the manifest of the web UI: %w", err)
	}
	var rows [][]string
	for _, page := range []struct {
		name, source string
		most         float64 // kB
	}{
		{"application list", "src/pages/applications", 190},
		{"deployment page", "src/pages/deployment", 230},
	} {
		size, err := firstLoad(s.bundle, manifest, page.source)
		if err != nil {
			return err
		}
		const kilo = 1000
		rows = append(rows, []string{page.name, fmt.Sprintf("%.1f kB", float64(size)/kilo), r.under(float64(size)/kilo, page.most, "kB")})
	}
	r.table("First load of the web UI, scripts, gzip", []string{"page", "size", "target"}, rows)
	return nil
}

// firstLoad is the size of the entry and the page's chunk with all that they
// import, each once.
func firstLoad(dir string, manifest map[string]chunk, page string) (int64, error) {
	var open []string
	for name, c := range manifest {
		if c.IsEntry || len(name) >= len(page) && name[:len(page)] == page {
			open = append(open, name)
		}
	}
	var (
		total int64
		seen  []string
	)
	for len(open) > 0 {
		name := open[0]
		open = open[1:]
		if slices.Contains(seen, name) {
			continue
		}
		seen = append(seen, name)
		info, err := os.Stat(filepath.Join(dir, manifest[name].File+".gz"))
		if err != nil {
			return 0, fmt.Errorf("measuring the web UI: %w", err)
		}
		total += info.Size()
		open = append(open, manifest[name].Imports...)
	}
	return total, nil
}
