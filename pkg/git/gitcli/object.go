package gitcli

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"time"

	"pipecd/pkg/git"
)

// maxMessage bounds a commit's message in bytes.
const maxMessage = 64 << 10

var errMalformed = errors.New("malformed object")

// treeEntry is one name in a tree.
type treeEntry struct {
	name string
	mode uint32 // as Git stores it: type bits and permissions
	hash string
}

// The type bits of a mode in a tree.
const (
	modeMask      = 0o170000
	modeTree      = 0o040000
	modeFile      = 0o100000
	modeSymlink   = 0o120000
	modeSubmodule = 0o160000
)

func (e treeEntry) kind() uint32 { return e.mode & modeMask }

// fileMode translates the mode. A submodule is irregular: neither a file that
// can be read nor a directory that can be entered.
func (e treeEntry) fileMode() fs.FileMode {
	switch e.kind() {
	case modeTree:
		return fs.ModeDir | 0o555
	case modeSymlink:
		return fs.ModeSymlink | 0o777
	case modeFile:
		return 0o444 | fs.FileMode(e.mode&0o111)
	default:
		return fs.ModeIrregular
	}
}

// parseTree reads the binary form of a tree: "mode SP name NUL hash" repeated,
// with raw hashes of hashSize bytes. Names that are no single path element are
// refused; nothing downstream then has to think of them.
func parseTree(data []byte, hashSize int) ([]treeEntry, error) {
	var entries []treeEntry
	for len(data) > 0 {
		head, rest, found := bytes.Cut(data, []byte{0})
		if !found || len(rest) < hashSize {
			return nil, fmt.Errorf("%w: tree ends in mid-entry", errMalformed)
		}
		octal, name, found := strings.Cut(string(head), " ")
		mode, err := strconv.ParseUint(octal, 8, 32)
		if !found || err != nil || mode > math.MaxUint16 {
			return nil, fmt.Errorf("%w: tree entry without a mode", errMalformed)
		}
		if name == "" || name == "." || name == ".." || strings.Contains(name, "/") {
			return nil, fmt.Errorf("%w: tree entry named %q", errMalformed, name)
		}
		entries = append(entries, treeEntry{name: name, mode: uint32(mode), hash: hex.EncodeToString(rest[:hashSize])})
		data = rest[hashSize:]
	}
	return entries, nil
}

// parseCommit reads the text form of a commit and returns it with the hash of
// its tree. Hash and Branch are left to the caller.
func parseCommit(data []byte) (commit git.Commit, tree string, err error) {
	header, message, _ := strings.Cut(string(data), "\n\n")
	for line := range strings.SplitSeq(header, "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch {
		case key == "tree" && tree == "":
			tree = value
		case key == "author" && commit.Author == "":
			commit.Author, _ = parsePerson(value)
		case key == "committer" && commit.CreatedAt.IsZero():
			_, commit.CreatedAt = parsePerson(value)
		}
	}
	if !git.ValidHash(tree) {
		return git.Commit{}, "", fmt.Errorf("%w: commit without a tree", errMalformed)
	}
	if len(message) > maxMessage {
		message = message[:maxMessage]
	}
	commit.Message = strings.TrimRight(strings.ToValidUTF8(message, ""), "\r\n")
	return commit, tree, nil
}

// parsePerson reads "Name <address> seconds zone". The zone is only how the
// time was shown to the person, so it is not needed.
func parsePerson(s string) (name string, at time.Time) {
	name, rest, _ := strings.Cut(s, "<")
	name = strings.TrimSpace(strings.ToValidUTF8(name, ""))
	if i := strings.LastIndexByte(rest, '>'); i >= 0 {
		rest = rest[i+1:]
	}
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return name, time.Time{}
	}
	seconds, err := strconv.ParseInt(fields[0], 10, 64)
	// Beyond the year 9999 a time has no RFC 3339 form.
	if err != nil || seconds < 0 || seconds > 253402300799 {
		return name, time.Time{}
	}
	return name, time.Unix(seconds, 0).UTC()
}
