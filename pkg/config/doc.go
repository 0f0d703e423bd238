// Package config reads the YAML documents of the product: ControlPlane, Piped,
// ECSApp and AnalysisTemplate.
//
// Read load.go first. A document goes through five steps, each in files of its
// own:
//
//  1. source.go, tree.go: the text becomes a small tree of nodes that know
//     their line and column. Size, depth and alias expansion are limited here,
//     and a key that is given twice is reported (the last one wins).
//  2. decode.go: the tree is laid into Go structs by reflection, driven by the
//     tag `yaml:"name"`. It remembers where every field stood.
//  3. finish methods (controlplane.go, piped*.go, app*.go, stage*.go,
//     analysis.go): defaults are filled in and rules are checked.
//  4. report.go: the checks of whoever uses the document add to its problems,
//     such as files.go, which looks at the files that the document names.
//  5. effect.go: fields that are read but have no effect yet get a warning.
//
// No step stops at the first problem; a file's problems are reported together,
// each with its position, its field path and what to do.
//
// # Strictness
//
// An unknown field is an error that names the nearest known one, with two
// exceptions that keep files of existing users working. Inside a pipeline stage
// and its "with" unknown keys were always ignored, so there they are warnings.
// And a field that differs from the known one only in case was always accepted,
// so it is, with a warning. A JSON document is a YAML document. A null means
// that the field is absent.
//
// # Defaults
//
// Defaults fill zero values, as they always did: a "timeout: 0" becomes the
// default timeout. Where that is not what the writer can have meant, a warning
// says so.
package config
