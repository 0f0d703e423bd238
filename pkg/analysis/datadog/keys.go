package datadog

import (
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"pipecd/pkg/model"
)

// Bounds of a key. Datadog's have 32 and 40 characters. A key of a few
// characters could not be blotted out of an error without blotting its words too.
const (
	minKeyBytes = 8
	maxKeyBytes = 4 << 10
)

// Key is one of the two keys and where it came from. It never prints itself.
type Key struct {
	// secret is behind a pointer because fmt prints the fields of a struct that
	// holds a Key without asking Key how.
	secret *string
	source string
}

func (k Key) reveal() string {
	if k.secret == nil {
		return ""
	}
	return *k.secret
}

// NewKey returns a key. source says to a person where to change it, such as
// "the file /etc/piped-secret/datadog-api-key". White space around the value is
// dropped. The error has CodeInvalid and names the source, never the value.
func NewKey(value, source string) (Key, error) {
	value = strings.TrimSpace(value)
	switch {
	case value == "":
		return Key{}, model.Errorf(model.CodeInvalid, "%s is empty: put the Datadog key there", source)
	case len(value) < minKeyBytes:
		return Key{}, model.Errorf(model.CodeInvalid, "%s holds only %d characters: Datadog's API keys have 32, its application keys 40", source, len(value))
	case len(value) > maxKeyBytes:
		return Key{}, model.Errorf(model.CodeInvalid, "%s is longer than %d bytes: that is not a Datadog key", source, maxKeyBytes)
	case strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }):
		return Key{}, model.Errorf(model.CodeInvalid, "%s holds white space or characters that are not ASCII: that is not a Datadog key", source)
	}
	return Key{secret: &value, source: source}, nil
}

// String returns where the key is from.
func (k Key) String() string { return "key from " + k.source }

// GoString is String, for %#v.
func (k Key) GoString() string { return k.String() }

// LogValue implements slog.LogValuer.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText keeps the value out of JSON and YAML.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Keys are what Datadog asks of a reader.
type Keys struct {
	API         Key
	Application Key
}

// KeySource says where the two keys are. Exactly one of file and data is set
// for each.
type KeySource struct {
	// APIKeyFile and ApplicationKeyFile are files that hold a key as text.
	APIKeyFile         string
	ApplicationKeyFile string
	// APIKeyData and ApplicationKeyData are keys in standard base64.
	APIKeyData         string
	ApplicationKeyData string
}

// KeysFrom reads the keys. The error has CodeInvalid or CodeNotFound or
// CodePermissionDenied for a file, and reports what is wrong with both keys.
func KeysFrom(s KeySource) (Keys, error) {
	api, apiErr := readKey("apiKey", s.APIKeyFile, s.APIKeyData)
	app, appErr := readKey("applicationKey", s.ApplicationKeyFile, s.ApplicationKeyData)
	if err := errors.Join(apiErr, appErr); err != nil {
		return Keys{}, err
	}
	return Keys{API: api, Application: app}, nil
}

func readKey(field, file, data string) (Key, error) {
	switch {
	case file == "" && data == "":
		return Key{}, model.Errorf(model.CodeInvalid, "the Datadog provider has no %s: set %sFile or %sData", field, field, field)
	case file != "" && data != "":
		return Key{}, model.Errorf(model.CodeInvalid, "the Datadog provider has both %sFile and %sData: set one of them", field, field)
	case data != "":
		value, err := base64.StdEncoding.DecodeString(strings.TrimSpace(data))
		if err != nil {
			return Key{}, model.Errorf(model.CodeInvalid, "%sData is not base64: encode the key, for example with base64(1)", field)
		}
		return NewKey(string(value), field+"Data")
	default:
		value, err := readKeyFile(file)
		if err != nil {
			return Key{}, err
		}
		return NewKey(value, "the file "+file+" ("+field+"File)")
	}
}

func readKeyFile(file string) (value string, err error) {
	f, err := os.Open(file) // G304: the operator of the agent names the file
	if err != nil {
		return "", model.Wrap(fileCode(err), err, "read the Datadog key")
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	text, err := io.ReadAll(io.LimitReader(f, maxKeyBytes+1))
	if err != nil {
		return "", model.Wrap(fileCode(err), err, "read the Datadog key")
	}
	return string(text), nil
}

func fileCode(err error) model.Code {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return model.CodeNotFound
	case errors.Is(err, fs.ErrPermission):
		return model.CodePermissionDenied
	default:
		return model.CodeInvalid
	}
}
