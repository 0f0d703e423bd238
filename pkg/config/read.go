package config

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"pipecd/pkg/model"
)

// ReadFile reads a document of at most MaxBytes. The path comes from the
// operator and may name a pipe. Errors carry model.CodeNotFound,
// model.CodePermissionDenied or model.CodeInvalid.
func ReadFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, readError(path, err)
	}
	if info.IsDir() {
		return nil, model.Errorf(model.CodeInvalid, "%s: expected a file, found a directory", path)
	}
	f, err := os.Open(path) // The operator names the file; opening it is the purpose.
	if err != nil {
		return nil, readError(path, err)
	}
	return readAll(path, f)
}

// ReadFS is ReadFile for a document in a file system, such as that of an
// os.Root. Only regular files are read.
func ReadFS(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, readError(name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, model.Errorf(model.CodeInvalid, "%s: expected a regular file, found %s", name, describeMode(info.Mode()))
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, readError(name, err)
	}
	return readAll(name, f)
}

// ReadControlPlaneFile reads the file and loads it with LoadControlPlane. That
// the file cannot be read is a problem too.
func ReadControlPlaneFile(path string, checks ...Check[ControlPlane]) (*ControlPlane, Problems) {
	return readThen(path, func(data []byte) (*ControlPlane, Problems) { return LoadControlPlane(path, data, checks...) })
}

// ReadPipedFile reads the file and loads it with LoadPiped.
func ReadPipedFile(path string, checks ...Check[Piped]) (*Piped, Problems) {
	return readThen(path, func(data []byte) (*Piped, Problems) { return LoadPiped(path, data, checks...) })
}

func readThen[T any](path string, load func([]byte) (*T, Problems)) (*T, Problems) {
	data, err := ReadFile(path)
	if err != nil {
		return nil, Problems{{Message: err.Error(), Severity: SeverityError}}
	}
	return load(data)
}

func readAll(name string, f io.ReadCloser) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, readError(name, err)
	}
	if len(data) > MaxBytes {
		return nil, model.Errorf(model.CodeInvalid, "%s: the file is larger than %d bytes, which no configuration file should be", name, MaxBytes)
	}
	return data, nil
}

func readError(name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return model.Errorf(model.CodeNotFound, "%s: the file does not exist", name)
	case errors.Is(err, fs.ErrPermission):
		return model.Errorf(model.CodePermissionDenied, "%s: the file must not be read by this user", name)
	default:
		return model.Wrap(model.CodeInvalid, err, "reading "+name)
	}
}

func describeMode(m fs.FileMode) string {
	if m.IsDir() {
		return "a directory"
	}
	return "a special file"
}
