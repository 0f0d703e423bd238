package model

import "slices"

// ApplicationInfo is what an application's file in Git says about it. An agent
// reports it for files that belong to no application yet, so that a person can
// add one without typing.
type ApplicationInfo struct {
	Name           string
	Kind           ApplicationKind
	Labels         map[string]string
	Description    string
	PipedID        string // who found it
	RepoID         string
	Path           string // directory relative to the repository's root; the root is "./"
	ConfigFilename string
}

// GitPath says where the file lives, as far as it is known.
func (i ApplicationInfo) GitPath() GitPath {
	return GitPath{Repo: GitRepository{ID: i.RepoID}, Path: i.Path, ConfigFilename: i.ConfigFilename}
}

// MaxSuggestions is how many of an agent's suggestions are kept; a person who
// has added that many sees the next ones.
const MaxSuggestions = 1000

// ValidateSuggestion checks what an agent found, and normalises the directory
// and the configuration file's name like Application.Validate does.
func (i *ApplicationInfo) ValidateSuggestion() error {
	for _, f := range []struct{ what, value string }{
		{"the name of a suggested application", i.Name},
		{"the repository of a suggested application", i.RepoID},
	} {
		if err := ValidateName(f.what, f.value); err != nil {
			return err
		}
	}
	if len(i.Description) > MaxDescriptionLength {
		return Errorf(CodeInvalid, "the description of the suggested application %s is %d bytes long; at most %d are kept", i.Name, len(i.Description), MaxDescriptionLength)
	}
	path := GitPath{Path: i.Path, ConfigFilename: i.ConfigFilename}
	if err := path.clean(); err != nil {
		return err
	}
	i.Path, i.ConfigFilename = path.Path, path.ConfigFilename
	return nil
}

// SortSuggestions orders by repository, then by directory and file name.
func SortSuggestions(list []ApplicationInfo) {
	slices.SortFunc(list, func(a, b ApplicationInfo) int {
		return slices.Compare([]string{a.RepoID, a.Path, a.ConfigFilename}, []string{b.RepoID, b.Path, b.ConfigFilename})
	})
}
