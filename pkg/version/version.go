// Package version says which build this is.
package version

import (
	"fmt"
	"runtime/debug"
)

// Version is set by the linker, e.g. -X pipecd/pkg/version.Version=v1.2.3.
var Version = "unset" //nolint:gochecknoglobals // the linker can only set a variable

// Get returns the version; without a linked one, the commit it was built from.
func Get() string {
	if Version != "unset" {
		return Version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "development"
}

// Long returns the version with the Go version, for people.
func Long() string {
	goVersion := "unknown Go"
	if info, ok := debug.ReadBuildInfo(); ok {
		goVersion = info.GoVersion
	}
	return fmt.Sprintf("%s (%s)", Get(), goVersion)
}
