package analysis

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/template"
	"text/template/parse"

	"pipecd/pkg/model"
)

// MaxQueryBytes bounds a query, before and after rendering. Queries travel in
// URLs.
const MaxQueryBytes = 8 << 10

// QueryData is what a query template may name.
type QueryData struct {
	App struct {
		// Name is the name of the application.
		Name string
		// Env is always empty; it is here because templates may name it.
		Env string
	}
	K8s struct {
		// Namespace is empty for ECS.
		Namespace string
	}
	Variant struct {
		// Name is primary, canary or baseline.
		Name string
	}
	// VariantCustomArgs are primaryArgs, canaryArgs or baselineArgs.
	VariantCustomArgs map[string]string
	// AppCustomArgs are the appArgs of the stage's template reference.
	AppCustomArgs map[string]string
}

// RenderQuery renders a query, which is a Go text/template. The error has
// CodeInvalid and says where in the query something is wrong: a template that
// does not parse, a name that has no value (nothing is ever sent in its place),
// a result that is empty or longer than MaxQueryBytes.
//
// Queries come out of Git repositories, so a template cannot be made to run for
// long or to use much memory: loops and nested templates are refused, and what a
// function makes is bounded.
func RenderQuery(text string, data QueryData) (string, error) {
	if len(text) > MaxQueryBytes {
		return "", model.Errorf(model.CodeInvalid, "the query is %d bytes long, at most %d are allowed", len(text), MaxQueryBytes)
	}
	t, err := template.New("query").Option("missingkey=error").Funcs(boundedFuncs()).Parse(text)
	if err != nil {
		return "", queryError(err)
	}
	if err := refuseLoops(t); err != nil {
		return "", err
	}
	var out boundedBuilder
	if err := t.Execute(&out, data); err != nil {
		return "", queryError(err)
	}
	query := strings.TrimSpace(out.String())
	switch {
	case query == "":
		return "", model.Errorf(model.CodeInvalid, "the query is empty")
	case strings.Contains(query, "<no value>"):
		return "", model.Errorf(model.CodeInvalid, "the query contains <no value>: an argument it names has no value")
	}
	return query, nil
}

// position is how text/template begins its errors.
var position = regexp.MustCompile(`^template: query:(\d+)(?::(\d+))?: (?:executing "query" at )?`)

// queryError gives an error of text/template a code and a readable position.
func queryError(err error) error {
	text := err.Error()
	m := position.FindStringSubmatch(text)
	if m == nil {
		return model.Errorf(model.CodeInvalid, "the query cannot be rendered: %s", text)
	}
	where := "line " + m[1]
	if m[2] != "" {
		where += ", column " + m[2]
	}
	reason := strings.ReplaceAll(text[len(m[0]):], " in type analysis.QueryData", "")
	return model.Errorf(model.CodeInvalid, "the query cannot be rendered (%s): %s", where, reason)
}

// refuseLoops allows what runs once from top to bottom.
func refuseLoops(t *template.Template) error {
	for _, named := range t.Templates() {
		if named.Name() != t.Name() {
			return model.Errorf(model.CodeInvalid, "the query defines a template %q: nested templates are not allowed in a query", named.Name())
		}
	}
	if t.Tree == nil || t.Root == nil {
		return nil
	}
	return refuseLoopsIn(t.Tree, t.Root)
}

func refuseLoopsIn(tree *parse.Tree, list *parse.ListNode) error {
	if list == nil {
		return nil
	}
	for _, node := range list.Nodes {
		var branches []*parse.ListNode
		switch n := node.(type) {
		case *parse.RangeNode, *parse.TemplateNode:
			at, _ := tree.ErrorContext(n)
			return model.Errorf(model.CodeInvalid, "%s: loops and nested templates are not allowed in a query", at)
		case *parse.IfNode:
			branches = []*parse.ListNode{n.List, n.ElseList}
		case *parse.WithNode:
			branches = []*parse.ListNode{n.List, n.ElseList}
		}
		for _, branch := range branches {
			if err := refuseLoopsIn(tree, branch); err != nil {
				return err
			}
		}
	}
	return nil
}

// wideVerb is a format verb that makes much out of nothing.
var wideVerb = regexp.MustCompile(`%[^a-zA-Z%]*(\d{4,}|\*)`)

const maxFormatBytes = 1 << 10

var (
	errTooLong = fmt.Errorf("the result is longer than %d bytes", MaxQueryBytes)
	errFormat  = fmt.Errorf("the format is longer than %d bytes or pads by more than 999", maxFormatBytes)
)

// boundedFuncs replaces the functions of text/template whose results can grow,
// and index, which gives an empty string for an argument that does not exist.
func boundedFuncs() template.FuncMap {
	bounded := func(f func(...any) string) func(...any) (string, error) {
		return func(args ...any) (string, error) {
			text := f(args...)
			if len(text) > MaxQueryBytes {
				return "", errTooLong
			}
			return text, nil
		}
	}
	printf := func(format string, args ...any) (string, error) {
		if len(format) > maxFormatBytes || wideVerb.MatchString(format) {
			return "", errFormat
		}
		return bounded(func(args ...any) string { return fmt.Sprintf(format, args...) })(args...)
	}
	return template.FuncMap{
		"print":    bounded(fmt.Sprint),
		"println":  bounded(fmt.Sprintln),
		"printf":   printf,
		"html":     bounded(template.HTMLEscaper),
		"js":       bounded(template.JSEscaper),
		"urlquery": bounded(template.URLQueryEscaper),
		"index":    argument,
	}
}

// argument is index for the maps of QueryData.
func argument(args map[string]string, key string) (string, error) {
	value, ok := args[key]
	if !ok {
		return "", fmt.Errorf("there is no argument %q", key)
	}
	return value, nil
}

// boundedBuilder is a strings.Builder that holds at most MaxQueryBytes.
type boundedBuilder struct{ strings.Builder }

var _ io.Writer = (*boundedBuilder)(nil)

// Write implements io.Writer.
func (b *boundedBuilder) Write(p []byte) (int, error) {
	if b.Len()+len(p) > MaxQueryBytes {
		return 0, errTooLong
	}
	return b.Builder.Write(p) //nolint:wrapcheck // strings.Builder never fails
}
