package config

import (
	"net/url"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"pipecd/pkg/model"
)

// Masked returns the document as YAML with every secret replaced by ******:
// what the control plane may be told of the agent's configuration. Passwords
// inside addresses are replaced too.
func (p *Piped) Masked() ([]byte, error) {
	shown := *p
	shown.Repositories = slices.Clone(p.Repositories)
	for i := range shown.Repositories {
		shown.Repositories[i].Remote = maskAddress(shown.Repositories[i].Remote)
	}
	shown.ChartRepositories = slices.Clone(p.ChartRepositories)
	for i := range shown.ChartRepositories {
		c := &shown.ChartRepositories[i]
		c.Address, c.GitRemote = maskAddress(c.Address), maskAddress(c.GitRemote)
	}
	out, err := yaml.Marshal(yaml.MapSlice{
		{Key: "apiVersion", Value: APIVersion},
		{Key: "kind", Value: string(KindPiped)},
		{Key: "spec", Value: shown},
	})
	if err != nil {
		return nil, model.Wrap(model.CodeInternal, err, "writing the masked configuration")
	}
	return out, nil
}

// maskAddress replaces the credentials in a URL.
func maskAddress(s string) string {
	scheme, rest, isURL := strings.Cut(s, "://")
	if !isURL {
		return s
	}
	if u, err := url.Parse(s); err == nil {
		if u.User == nil {
			return s
		}
		if _, hasPassword := u.User.Password(); !hasPassword && scheme == "ssh" {
			return s // only a user's name
		}
	}
	host := rest
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		host = masked + rest[at:]
	}
	return scheme + "://" + host
}

// marshalTyped is how a choice with settings stands in a document.
func marshalTyped[T ~string](t T, config any) yaml.MapSlice {
	out := yaml.MapSlice{{Key: "type", Value: string(t)}}
	if config != nil {
		out = append(out, yaml.MapItem{Key: "config", Value: config})
	}
	return out
}

// MarshalYAML returns the provider as it stands in a document.
func (c PlatformConfig) MarshalYAML() (any, error) {
	out := yaml.MapSlice{{Key: "name", Value: c.Name}}
	if len(c.Labels) > 0 {
		out = append(out, yaml.MapItem{Key: "labels", Value: c.Labels})
	}
	if c.ECS != nil {
		return append(out, marshalTyped(c.Type, *c.ECS)...), nil
	}
	// What another platform's settings contain is not known, so nothing of them
	// is shown.
	return append(out, marshalTyped(c.Type, nil)...), nil
}

// MarshalYAML returns the provider as it stands in a document.
func (a AnalysisProvider) MarshalYAML() (any, error) {
	out := yaml.MapSlice{{Key: "name", Value: a.Name}}
	switch {
	case a.Datadog != nil:
		shown := *a.Datadog
		shown.Address = maskAddress(shown.Address)
		return append(out, marshalTyped(a.Type, shown)...), nil
	case a.Prometheus != nil:
		shown := *a.Prometheus
		shown.Address = maskAddress(shown.Address)
		return append(out, marshalTyped(a.Type, shown)...), nil
	case a.Stackdriver != nil:
		return append(out, marshalTyped(a.Type, *a.Stackdriver)...), nil
	default:
		return append(out, marshalTyped(a.Type, nil)...), nil
	}
}

// MarshalYAML returns the settings as they stand in a document.
func (s SecretManagement) MarshalYAML() (any, error) {
	switch {
	case s.KeyPair != nil:
		return marshalTyped(s.Type, *s.KeyPair), nil
	case s.GCPKMS != nil:
		return marshalTyped(s.Type, *s.GCPKMS), nil
	default:
		return marshalTyped(s.Type, nil), nil
	}
}
