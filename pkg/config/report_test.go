package config

import (
	"strings"
	"testing"
)

// TestHelmValues: values of a chart are known as such, instead of being many
// unknown fields.
func TestHelmValues(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct{ text, want string }{
		"with the document": {
			"quickstart:\n  enabled: true\nconfig:\n  data: |\n    apiVersion: pipecd.dev/v1beta1\n    kind: ControlPlane\n    spec: {}\nmysql:\n  database: quickstart\n",
			"values.yaml:4:9: config.data: these are values of a Helm chart, not a document of kind ControlPlane (put the text of config.data",
		},
		"without it": {
			"secret:\n  encryptionKey:\n    data: x\nmysql: {}\n",
			"values.yaml:1:1: these are values of a Helm chart, not a document of kind ControlPlane (name the document itself",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			cp, ps := LoadControlPlane("values.yaml", []byte(tc.text))
			if cp != nil || len(ps) != 1 || !strings.HasPrefix(ps.Error(), tc.want) {
				t.Errorf("got:\n%s\nwant one problem that begins:\n%s", ps.Error(), tc.want)
			}
		})
	}
	// A document of ours with such a field is one with an unknown field.
	_, ps := LoadControlPlane("f.yaml", []byte("apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec: {}\nsecret: {}\n"))
	if !strings.Contains(ps.Error(), "f.yaml:4:1: secret: unknown field") {
		t.Errorf("got %s", ps.Error())
	}
}

// TestReport: a check finds where a provider stands, and what was reported.
func TestReport(t *testing.T) {
	t.Parallel()

	const text = `apiVersion: pipecd.dev/v1beta1
kind: Piped
spec:
  projectID: a, b
  pipedID: p
  apiAddress: host:1
  pipedKeyData: eA==
  cloudProviders:
    - {name: old, type: ECS, config: {region: r}}
  platformProviders:
    - {name: one, type: ECS, config: {region: r}}
    - {name: two, type: ECS, config: {region: r}}
`
	_, ps := LoadPiped("piped.yaml", []byte(text), func(p *Piped, r *Report) {
		for i, want := range map[int]string{0: "spec.platformProviders[0]", 1: "spec.platformProviders[1]", 2: "spec.cloudProviders[0]"} {
			if got := r.PlatformPath(i); got != want {
				t.Errorf("%s is at %s, want %s", p.PlatformProviders[i].Name, got, want)
			}
		}
		if !r.Reported("spec.projectID") || r.Reported("spec.pipedID") {
			t.Error("what was reported is not known")
		}
	})
	if got := ps.Error(); !strings.HasPrefix(got, "piped.yaml:4:14: spec.projectID: the id must not contain spaces, commas") {
		t.Errorf("got %s", got)
	}
}
