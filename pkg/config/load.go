package config

import (
	"reflect"
	"slices"
	"strings"
)

// APIVersion is the only version of the documents.
const APIVersion = "pipecd.dev/v1beta1"

// Kind says what a document describes.
type Kind string

// The kinds that are read. KindApplication is the later name of application
// files; it is read as an ECSApp when its plugins are those of ECS.
const (
	KindControlPlane     Kind = "ControlPlane"
	KindPiped            Kind = "Piped"
	KindECSApp           Kind = "ECSApp"
	KindAnalysisTemplate Kind = "AnalysisTemplate"
	KindApplication      Kind = "Application"
)

// LoadControlPlane reads a document of kind ControlPlane. The name stands in
// the problems; it is usually the file's path. The document is nil when the
// problems contain an error. The checks add to the problems.
func LoadControlPlane(name string, data []byte, checks ...Check[ControlPlane]) (*ControlPlane, Problems) {
	return load(name, data, KindControlPlane, checks)
}

// LoadPiped reads a document of kind Piped, as LoadControlPlane does.
func LoadPiped(name string, data []byte, checks ...Check[Piped]) (*Piped, Problems) {
	return load(name, data, KindPiped, checks)
}

// LoadECSApp reads a document of kind ECSApp, as LoadControlPlane does. A
// document of kind Application whose spec.plugins has the key ecs is one too:
// the object under the key is laid over spec.
func LoadECSApp(name string, data []byte, checks ...Check[ECSApp]) (*ECSApp, Problems) {
	return load(name, data, KindECSApp, checks)
}

// LoadAnalysisTemplate reads a document of kind AnalysisTemplate, as
// LoadControlPlane does.
func LoadAnalysisTemplate(name string, data []byte) (*AnalysisTemplate, Problems) {
	return load[AnalysisTemplate](name, data, KindAnalysisTemplate, nil)
}

// PeekKind returns the kind of a document without reading its spec, and "" when
// it has none that can be read. It does not say what is wrong.
func PeekKind(data []byte) Kind {
	root := parse(&collector{}, data)
	if root == nil {
		return ""
	}
	if n := root.child("kind"); n != nil && n.kind == kindString {
		return Kind(n.text)
	}
	return ""
}

// spec is a kind's content: a pointer to its struct, which fills in defaults
// and checks rules after the fields were read.
type spec[T any] interface {
	*T
	finish(d *document)
}

// load runs the steps of the package comment.
func load[T any, P spec[T]](name string, data []byte, kind Kind, checks []Check[T]) (*T, Problems) {
	c := &collector{file: name}
	root := parse(c, data)
	if root == nil {
		return nil, c.sorted()
	}
	d := newDocument(c)
	if d.isHelmValues(root, kind) || d.isNoDocument(root, kind) {
		return nil, c.sorted()
	}
	n := d.envelope(root, kind)
	if n == nil {
		return nil, c.sorted()
	}
	out := new(T)
	if d.decode(n, reflect.ValueOf(out).Elem(), "spec") {
		P(out).finish(d)
		for _, check := range checks {
			check(out, &d.Report)
		}
		d.warnWithoutEffect(kind)
	}
	if c.failed() {
		return nil, c.sorted()
	}
	return out, c.sorted()
}

// envelope checks everything around spec and returns spec, or nil when it makes
// no sense to look into it.
func (d *document) envelope(root *node, want Kind) *node {
	var env struct {
		APIVersion string `yaml:"apiVersion" config:"required"`
		Kind       string `yaml:"kind" config:"required"`
		Spec       *node  `yaml:"spec" config:"required"`
	}
	if !d.decode(root, reflect.ValueOf(&env).Elem(), "") {
		return nil
	}
	if env.APIVersion != "" && env.APIVersion != APIVersion {
		d.Errorf("apiVersion", "expected %s, found %s", APIVersion, quote(env.APIVersion))
	}
	if env.Kind == "" {
		return nil
	}
	if env.Kind == string(KindApplication) && want == KindECSApp {
		return d.pluginSpec(env.Spec)
	}
	if env.Kind != string(want) {
		d.wrongKind(env.Kind, want)
		return nil
	}
	return env.Spec
}

func (d *document) wrongKind(found string, want Kind) {
	p := d.Errorf("kind", "expected %s, found %s", want, quote(found))
	platforms := []string{"KubernetesApp", "TerraformApp", "LambdaApp", "CloudRunApp"}
	others := []string{string(KindControlPlane), string(KindPiped), string(KindECSApp), string(KindAnalysisTemplate), "EventWatcher"}
	switch {
	case slices.Contains(platforms, found):
		p.hintf("applications on ECS are deployed, other platforms are not")
	case slices.Contains(others, found):
		p.hintf("this is a file of another kind")
	case strings.EqualFold(found, string(want)) || Nearest(found, []string{string(want)}) != "":
		p.hintf("did you mean %s?", want)
	}
}

// isHelmValues reports values of a Helm chart, which have the document as the
// text config.data, or as a file of its own. It returns false after reporting
// nothing when the tree is something else.
func (d *document) isHelmValues(root *node, want Kind) bool {
	inside := root.child("config").child("data")
	for _, key := range []string{"apiVersion", "kind", "spec"} {
		if root.child(key) != nil {
			return false
		}
	}
	charts := func(key string) bool { return root.child(key) != nil }
	switch {
	case inside != nil:
		d.errorAt(inside.at, "config.data", "these are values of a Helm chart, not a document of kind %s", want).
			hintf("put the text of config.data, which is the document, into a file of its own and name that file; the other values are for the chart only")
	case charts("quickstart") || charts("secret") || charts("args"):
		d.errorAt(root.at, "", "these are values of a Helm chart, not a document of kind %s", want).
			hintf("name the document itself, which the chart is given as config.data, for example with --set-file")
	default:
		return false
	}
	return true
}

// isNoDocument reports a mapping that has nothing of a document, such as a
// definition that an application's file names.
func (d *document) isNoDocument(root *node, want Kind) bool {
	if root.kind != kindMapping || len(root.entries) == 0 {
		return false
	}
	for _, e := range root.entries {
		if slices.ContainsFunc([]string{"apiVersion", "kind", "spec"}, func(key string) bool { return strings.EqualFold(key, e.key) || Nearest(e.key, []string{key}) != "" }) {
			return false
		}
	}
	p := d.errorAt(root.at, "", "expected a document of kind %s with apiVersion, kind and spec, found none of them", want)
	if want == KindECSApp {
		p.hintf("service and task definitions are read with the application's file that names them")
	}
	return true
}

// pluginSpec returns the spec of an Application with the ECS plugin's object
// laid over it, key by key.
func (d *document) pluginSpec(spec *node) *node {
	const at = "spec.plugins"
	plugins := spec.child("plugins")
	ecs := plugins.child("ecs")
	if ecs == nil || ecs.kind != kindMapping {
		d.Errorf("kind", "expected spec.plugins.ecs in a document of kind Application, found none").
			hintf("applications on ECS are deployed, other platforms are not")
		return nil
	}
	for _, e := range plugins.entries {
		if slices.Contains([]string{"kubernetes", "terraform", "cloudrun", "lambda"}, e.key) {
			d.errorAt(e.at, fieldPath(at, e.key), "expected one platform, found %s beside ecs", e.key)
		}
	}
	merged := &node{at: spec.at, kind: kindMapping, entries: slices.Clone(ecs.entries)}
	for _, e := range spec.entries {
		if e.key != "plugins" && ecs.child(e.key) == nil {
			merged.entries = append(merged.entries, e)
		}
	}
	return merged
}

// child returns the value of a key that is not null, and nil when there is none.
func (n *node) child(key string) *node {
	if n == nil {
		return nil
	}
	for _, e := range n.entries {
		if e.key == key && e.value.kind != kindNull {
			return e.value
		}
	}
	return nil
}
