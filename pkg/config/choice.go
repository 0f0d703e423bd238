package config

import (
	"reflect"
)

// choice is a "type" and the "config" beside it, whose shape depends on the type.
type choice[T ~string] struct {
	Type   T     `yaml:"type"`
	Config *node `yaml:"config"`
}

// namedChoice is a choice in a list, whose items are known by their names.
type namedChoice[T ~string] struct {
	Name   string `yaml:"name" config:"required"`
	Type   T      `yaml:"type" config:"required"`
	Config *node  `yaml:"config"`
}

// decodeChoice reads a choice. The type defaults to def, and is required when
// that is empty; one that is not allowed was reported and is empty.
func decodeChoice[T ~string](d *document, n *node, path string, def T) (choice[T], bool) {
	var raw choice[T]
	if !d.decode(n, reflect.ValueOf(&raw).Elem(), path) {
		return raw, false
	}
	at := path + ".type"
	switch {
	case raw.Type != "" || d.isUnreadable(at):
	case def == "" && d.seen[at].value != nil:
		d.Errorf(at, "must not be empty")
	case def == "":
		d.Errorf(at, "is required")
	default:
		raw.Type = def
	}
	return raw, true
}

// configOf reads the config of a choice at path.
func configOf[T any](d *document, raw *node, path string) *T {
	out := new(T)
	d.decodeOptions(raw, out, path+".config")
	return out
}

// decodeOptions reads what another field gave its shape. It may be absent.
func (d *document) decodeOptions(raw *node, target any, path string) {
	if raw == nil {
		raw = &node{kind: kindMapping, at: d.where(path)}
	}
	d.decode(raw, reflect.ValueOf(target).Elem(), path)
}

// AWSAccess is with which credentials AWS is called. What is not given comes
// from the standard credential chain.
type AWSAccess struct {
	CredentialsFile string `yaml:"credentialsFile,omitempty" config:"secretfile"` // a shared credentials file
	Profile         string `yaml:"profile,omitempty"`                             // defaults to AWS_PROFILE, then to default
	RoleARN         string `yaml:"roleARN,omitempty"`                             // works only together with TokenFile
	TokenFile       string `yaml:"tokenFile,omitempty" config:"secretfile"`       // a web identity token
}

func (a *AWSAccess) finish(d *document, path string) {
	switch {
	case a.RoleARN != "" && a.TokenFile == "":
		d.Warnf(path+".roleARN", "the role is assumed only with a web identity token, and tokenFile is missing").
			hintf("add tokenFile, or let profile or the standard credential chain assume the role")
	case a.TokenFile != "" && a.RoleARN == "":
		d.Warnf(path+".tokenFile", "the token is used only to assume a role, and roleARN is missing, so the field has no effect").
			hintf("add roleARN, or remove the field")
	}
}
