package check

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/piped/appsource"
)

// Options say what is checked.
type Options struct {
	// Paths are files and directories.
	Paths []string
	// Rules are those of the agent that the applications are for.
	Rules appsource.Rules
	// Checks are what the agent asks of an application's file beside its own rules.
	Checks []appsource.Check
	// Before is what was looked at already; the report goes on from there.
	Before Report
	// Piped checks an agent's configuration, when one is among the paths. skip is told of the files that it names and
	// that only the agent's machine has.
	Piped func(file string, skip func(file, why string)) config.Problems
}

// KindDefinition is the kind of the files that application files name.
const KindDefinition config.Kind = "Definition"

// File is a file that was looked at.
type File struct {
	Path string
	Kind config.Kind // "" when it could not be read
}

// Skipped is a file that is left to others, or a directory that was not searched.
type Skipped struct {
	Path   string
	Reason string
}

// Report is what was found. Paths are relative to the working directory, or
// absolute where they were given so.
type Report struct {
	Files    []File
	Skipped  []Skipped
	Problems config.Problems
}

// Skip adds a file that is not looked at.
func (r *Report) Skip(file, reason string) {
	r.Skipped = append(r.Skipped, Skipped{Path: file, Reason: reason})
}

// Run checks the paths. That something cannot be read is a problem like others;
// the error is that of ctx.
func Run(ctx context.Context, o Options) (Report, error) {
	c := &checker{Options: o, report: o.Before, seen: map[string]bool{}, told: map[config.Problem]bool{}, places: places{}}
	defer c.places.close()
	for _, f := range o.Before.Files {
		if absolute, err := filepath.Abs(f.Path); err == nil {
			c.seen[absolute] = true
		}
	}
	for _, p := range o.Paths {
		if err := c.path(ctx, p); err != nil {
			return c.report, err
		}
	}
	return c.report, nil
}

// checker is one run.
type checker struct {
	Options

	report  Report
	seen    map[string]bool         // absolute paths that were checked
	told    map[config.Problem]bool // applications share definitions
	places  places
	found   int  // files that a directory had
	walked  int  // entries of directories
	stopped bool // a limit was reached
}

// problem adds an error about a whole file.
func (c *checker) problem(file, message, hint string) {
	c.add(config.Problem{File: file, Message: message, Hint: hint, Severity: config.SeverityError})
}

func (c *checker) add(problems ...config.Problem) {
	for _, p := range problems {
		if !c.told[p] {
			c.told[p] = true
			c.report.Problems = append(c.report.Problems, p)
		}
	}
}

func (c *checker) skip(file, reason string) { c.report.Skip(file, reason) }

func (c *checker) checked(file string, kind config.Kind) {
	f := File{Path: file, Kind: kind}
	if !slices.Contains(c.report.Files, f) {
		c.report.Files = append(c.report.Files, f)
	}
}

// file checks a document by its kind. One that was not named but found may be
// somebody else's.
func (c *checker) file(file string, named bool) {
	at, err := c.places.of(file)
	if err != nil {
		c.problem(file, "cannot be looked at: "+err.Error(), "")
		return
	}
	if c.seen[at.absolute] {
		return
	}
	c.seen[at.absolute] = true
	data, err := at.tree.ReadFile(at.name)
	kind := config.PeekKind(data)
	switch {
	case err != nil:
		c.checked(file, "")
		c.problem(file, "cannot be read: "+reason(err), "")
	case kind == config.KindAnalysisTemplate, kind == "" && path.Base(path.Dir(at.name)) == templates:
		c.template(file, data)
	case kind == "", kind == config.KindECSApp, kind == config.KindApplication:
		c.application(file, at)
	case kind == config.KindPiped && named:
		c.checked(file, kind)
		c.add(c.Piped(file, c.skip)...)
	case kind == config.KindPiped:
		c.skip(file, "it is the configuration of an agent: name it to have it checked")
	case named:
		c.application(file, at) // says what is wrong with the kind
	default:
		c.skip(file, fmt.Sprintf("it is of kind %.60q, and only applications on Amazon ECS are deployed", kind))
	}
}

// application checks an application's file and the definitions that it names.
func (c *checker) application(file string, at place) {
	app := &model.Application{GitPath: model.GitPath{Path: path.Dir(at.name), ConfigFilename: path.Base(at.name)}}
	found, err := appsource.Inspect(at.tree, app, c.Rules, c.Checks...)
	for _, p := range found.Problems {
		p.File = at.shown(p.File)
		c.add(p)
	}
	c.checked(file, config.KindECSApp)
	for i, name := range found.Files {
		if i > 0 {
			c.checked(at.shown(name), KindDefinition)
		}
	}
	if err != nil {
		c.problem(file, err.Error(), "")
	}
}

func (c *checker) template(file string, data []byte) {
	c.checked(file, config.KindAnalysisTemplate)
	_, problems := config.LoadAnalysisTemplate(file, data)
	c.add(problems...)
}

// reason is an error without the path that the sentence around it has.
func reason(err error) string {
	if e, ok := errors.AsType[*pathError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

// clean is a path as it is shown.
func clean(p string) string { return filepath.ToSlash(filepath.Clean(p)) }
