// Package web holds the built web UI. Its sources are in src/, see README.md.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:build
var build embed.FS

// Files returns the built UI: index.html at the root. When the UI was not built
// there is only a file that keeps the folder; pkg/controlplane/webui says so to
// whoever opens it.
func Files() fs.FS {
	files, err := fs.Sub(build, "build")
	if err != nil { // the name is a constant
		return build
	}
	return files
}
