package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"pipecd/cmd/measure"
)

// route says which scripts a page needs beside those that every page does; the
// web UI's build writes it for the server.
type route struct {
	Path  string   `json:"path"`
	Files []string `json:"files"`
}

// script finds the scripts that the page itself names.
var script = regexp.MustCompile(`(?:src|href)="(/assets/[^"]+\.js)"`)

// measureBundle adds up the compressed scripts that a page needs before it can
// draw.
func measureBundle(_ context.Context, s settings, r *measure.Report) error {
	page, err := os.ReadFile(filepath.Join(s.bundle, "index.html"))
	if errors.Is(err, fs.ErrNotExist) {
		_, _ = fmt.Fprintln(s.progress, "bench: the web UI is not built (make web); its size is left out")
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the page of the web UI: %w", err)
	}
	table, err := os.ReadFile(filepath.Join(s.bundle, "preload.json"))
	if err != nil {
		return fmt.Errorf("reading what the pages of the web UI need: %w", err)
	}
	var routes []route
	if err := json.Unmarshal(table, &routes); err != nil {
		return fmt.Errorf("reading what the pages of the web UI need: %w", err)
	}
	var shell []string
	for _, found := range script.FindAllSubmatch(page, -1) {
		shell = append(shell, string(found[1]))
	}
	const kilo, list, flagship = 1000, 190, 230
	var rows [][]string
	for _, page := range routes {
		size, err := compressed(s.bundle, slices.Concat(shell, page.Files))
		if err != nil {
			return err
		}
		most := float64(list)
		if page.Path == "/deployments/{id}" {
			most = flagship
		}
		rows = append(rows, []string{page.Path, fmt.Sprintf("%.1f kB", float64(size)/kilo), r.Under(float64(size)/kilo, most, "kB")})
	}
	r.Table("First load of the web UI, scripts, gzip", []string{"page", "size", "target"}, rows)
	return nil
}

// compressed is the size of the files as they are sent, each once.
func compressed(dir string, files []string) (int64, error) {
	slices.Sort(files)
	var total int64
	for _, name := range slices.Compact(files) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		info, err := os.Stat(path + ".gz")
		if errors.Is(err, fs.ErrNotExist) { // too small to be worth it
			info, err = os.Stat(path)
		}
		if err != nil {
			return 0, fmt.Errorf("measuring the web UI: %w", err)
		}
		total += info.Size()
	}
	return total, nil
}
