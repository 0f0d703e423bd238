package git

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"pipecd/pkg/model"
)

// maxFound bounds the entries Find looks at. Trees can refer to one subtree
// many times, so a repository of a few kilobytes can pretend to hold billions
// of files.
const maxFound = 2_000_000

// Find returns the paths of the regular files below dir ("." is the root)
// whose name ends in suffix, sorted. An empty suffix matches every file. It
// follows no symbolic link and enters no submodule. A dir that does not exist
// is an error with code not_found.
func Find(ctx context.Context, snapshot fs.FS, dir, suffix string) ([]string, error) {
	var found []string
	seen := 0
	err := fs.WalkDir(snapshot, dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		seen++
		if seen > maxFound {
			return model.Errorf(model.CodeExhausted, "directory %q holds more than %d files and directories", dir, maxFound)
		}
		if d.Type().IsRegular() && strings.HasSuffix(name, suffix) {
			found = append(found, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing %q: %w", dir, err)
	}
	return found, nil
}
