package auth

import (
	"log/slog"
	"strconv"
	"strings"

	"pipecd/pkg/model"
)

// Metadata keys. gRPC and HTTP/2 want them in lower case.
const (
	// HeaderAuthorization carries the credential.
	HeaderAuthorization = "authorization"
	// HeaderLeaseEpoch carries the epoch of the lease the call is made under.
	HeaderLeaseEpoch = "pipecd-lease-epoch"
)

const (
	pipedTokenType = "PIPED-TOKEN"
	// maxCredential bounds what is parsed; three names and a key are far below.
	maxCredential = 4096 // bytes
)

// PipedCredential is who an agent says it is. Key is a secret: log the others.
type PipedCredential struct {
	ProjectID string
	PipedID   string
	Key       string
}

// String names the agent without its key.
func (c PipedCredential) String() string { return c.ProjectID + "/" + c.PipedID }

// GoString is String, so that no format verb prints the key.
func (c PipedCredential) GoString() string { return c.String() }

// LogValue is String, so that no log handler prints the key.
func (c PipedCredential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Authorization returns the value of HeaderAuthorization. White space around
// the key (a file's last line break) is removed. A part that is empty or would
// break the format is refused with CodeInvalid; the sentence never holds the key.
func (c PipedCredential) Authorization() (string, error) {
	key := strings.TrimSpace(c.Key)
	for _, part := range []struct{ what, value string }{
		{"the project's id", c.ProjectID},
		{"the piped's id", c.PipedID},
		{"the piped's key", key},
	} {
		if part.value == "" {
			return "", model.Errorf(model.CodeInvalid, "%s is empty; the control plane needs it to know this piped", part.what)
		}
		if !model.IsToken(part.value) {
			return "", model.Errorf(model.CodeInvalid, "%s must not contain spaces, commas or characters outside ASCII", part.what)
		}
	}
	value := pipedTokenType + " " + c.ProjectID + "," + c.PipedID + "," + key
	if len(value) > maxCredential {
		return "", model.Errorf(model.CodeInvalid, "the piped's credential is %d bytes long; at most %d are accepted", len(value), maxCredential)
	}
	return value, nil
}

// ParsePiped reads the value of HeaderAuthorization. Everything but
// `PIPED-TOKEN <projectID>,<pipedID>,<pipedKey>` with exactly one space and
// three parts that are not empty is CodeUnauthenticated; the sentence holds
// nothing of the value.
func ParsePiped(value string) (PipedCredential, error) {
	kind, data, found := strings.Cut(value, " ")
	switch {
	case value == "":
		return PipedCredential{}, refuse("the call carries no credential")
	case len(value) > maxCredential:
		return PipedCredential{}, refuse("the credential is too long")
	case !found || kind != pipedTokenType:
		return PipedCredential{}, refuse("the credential is not of type " + pipedTokenType)
	}
	parts := strings.Split(data, ",")
	if len(parts) != 3 || !model.IsToken(parts[0]) || !model.IsToken(parts[1]) || !model.IsToken(parts[2]) {
		return PipedCredential{}, refuse("the credential is not of the form " + pipedTokenType + " <project>,<piped>,<key>")
	}
	return PipedCredential{ProjectID: parts[0], PipedID: parts[1], Key: parts[2]}, nil
}

func refuse(why string) error { return model.Errorf(model.CodeUnauthenticated, "%s", why) }

// FormatEpoch returns the value of HeaderLeaseEpoch.
func FormatEpoch(epoch int64) string { return strconv.FormatInt(epoch, 10) }

// ParseEpoch reads the value of HeaderLeaseEpoch. An absent one is 0: the caller
// knows no lease. Anything but a positive decimal number is CodeInvalid.
func ParseEpoch(value string) (int64, error) {
	if value == "" {
		return 0, nil
	}
	epoch, err := strconv.ParseInt(value, 10, 64)
	if err != nil || epoch <= 0 || FormatEpoch(epoch) != value {
		return 0, model.Errorf(model.CodeInvalid, "%s must be a positive decimal number", HeaderLeaseEpoch)
	}
	return epoch, nil
}
