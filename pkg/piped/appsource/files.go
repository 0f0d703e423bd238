package appsource

import (
	"errors"
	"io/fs"
	"path"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
)

// files are the definitions that were read, by their paths in the repository.
type files map[string][]byte

// ReadFile implements platform.Source.
func (f files) ReadFile(name string) ([]byte, error) {
	data, ok := f[name]
	if !ok {
		return nil, model.Errorf(model.CodeNotFound, "%s is not among the files that the application names: %w", name, fs.ErrNotExist)
	}
	return data, nil
}

// readFile reads a file of the repository. The code tells apart what the commit
// says (CodeNotFound, CodeInvalid), which stays so, and what may be otherwise the
// next time (CodeUnavailable).
func readFile(tree fs.FS, name string) ([]byte, error) {
	data, err := fs.ReadFile(tree, name)
	switch code := model.CodeOf(err); {
	case err == nil:
		return data, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, model.Wrap(model.CodeNotFound, withoutPath(err), "")
	case code == model.CodeInvalid,
		code == model.CodeExhausted: // too large, and the file of a commit does not become smaller
		return nil, model.Wrap(model.CodeInvalid, withoutPath(err), "")
	default:
		return nil, model.Wrap(model.CodeUnavailable, err, "")
	}
}

// withoutPath leaves the name of the call and the path to the sentence around it.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// read reads a definition that a field names and returns where it is in the
// repository, "" for one that was not read. A name may lead out of the
// application's directory but not out of the repository.
func (l *loader) read(r *config.Report, field, name string) string {
	if name == "" {
		return ""
	}
	full := path.Join(l.app.GitPath.Dir(), name)
	if path.IsAbs(name) || !fs.ValidPath(full) {
		r.Errorf(field, "expected a file of the repository, found %q, which leads out of it", name)
		return ""
	}
	data, err := readFile(l.tree, full)
	switch model.CodeOf(err) {
	case "":
		l.files[full] = data
		return full
	case model.CodeNotFound:
		r.Errorf(field, "the file %s does not exist in the repository", full).Hint = "correct the path, which begins at the application's directory, or commit the file"
	case model.CodeInvalid:
		r.Errorf(field, "the file %s cannot be used: %s", full, err)
	default:
		l.unread = errors.Join(l.unread, model.Errorf(model.CodeOf(err), "the file %s cannot be read now: %w", full, err))
	}
	return ""
}
