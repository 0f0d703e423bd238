package appsource

import (
	"io/fs"
	"slices"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
)

// Inspection is everything that one look at an application's files tells.
type Inspection struct {
	// Problems are those of the configuration file, then those of the service's
	// and of the task's definition, warnings included.
	Problems config.Problems
	// Files are the files that were read, by their paths in the repository.
	Files []string

	source *Source // without a platform; nil when the configuration file has errors
}

// Inspect looks at an application's files in tree without anything that could
// deploy them. Definitions are looked at also when the configuration file that
// names them has errors, so that all problems are told at once. The error says
// that a file is missing (CodeNotFound, the configuration file), cannot be used
// (CodeInvalid), or could not be read now.
func Inspect(tree fs.FS, app *model.Application, rules Rules, checks ...Check) (Inspection, error) {
	name := app.GitPath.ConfigPath()
	data, err := readFile(tree, name)
	switch {
	case model.CodeOf(err) == model.CodeNotFound:
		return Inspection{}, model.Errorf(model.CodeNotFound,
			"the application's configuration file %s does not exist: add it, or correct the path that the application is registered with; %w", name, err)
	case err != nil:
		return Inspection{}, model.Errorf(model.CodeOf(err), "the application's configuration file %s cannot be read: %w", name, err)
	}
	l := loader{tree: tree, app: app, rules: rules, files: files{}}
	cfg, problems := config.LoadECSApp(name, data, append([]Check{l.check}, checks...)...)
	out := Inspection{Problems: slices.Concat(problems, l.definitions()), Files: []string{name}}
	for _, definition := range []string{l.service, l.task} {
		if definition != "" && !slices.Contains(out.Files, definition) {
			out.Files = append(out.Files, definition)
		}
	}
	if cfg != nil {
		out.source = &Source{Config: cfg, Warnings: problems.Warnings(), files: l.files, service: l.service, task: l.task}
	}
	return out, l.unread
}

// definitions checks the definitions that could be read.
func (l *loader) definitions() config.Problems {
	if l.service == "" && l.task == "" {
		return nil
	}
	return l.rules.CheckDefinitions(application(l.input, l.service, l.task), l.files)
}
