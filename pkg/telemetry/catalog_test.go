package telemetry_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"pipecd/pkg/observe"
	"pipecd/pkg/telemetry"
	"pipecd/pkg/telemetry/telemetrytest"
)

var update = flag.Bool("update", false, "write docs/reference/metrics.md")

const reference = "../../docs/reference/metrics.md"

// catalogs are the programs' metrics, by the program's name.
func catalogs() map[string]telemetry.Catalog {
	return map[string]telemetry.Catalog{"piped": telemetry.Agent(), "pipecd": telemetry.ControlPlane()}
}

// use tells t everything that there is to tell, once.
func use(t *testing.T, to observe.Observer, names map[string][]string) {
	t.Helper()
	for _, kind := range names["Kind"] {
		_, end := to.Begin(t.Context(), observe.Operation{Kind: observe.Kind(kind), Group: "group", Name: "name"})
		end("", nil)
	}
	for _, counter := range names["Counter"] {
		for n := range 3 { // the number of labels is the catalog's business
			to.Count(t.Context(), observe.Counter(counter), 1, []string{"a", "b"}[:n]...)
		}
	}
	for _, level := range names["Level"] {
		to.Set(t.Context(), observe.Level(level), 7)
	}
}

// names returns the values of the constants of package observe, by their type.
func names(t *testing.T) map[string][]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../observe/names.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		kind, ok := spec.Type.(*ast.Ident)
		literal, isLiteral := spec.Values[0].(*ast.BasicLit)
		if !ok || !isLiteral {
			return true
		}
		value, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		out[kind.Name] = append(out[kind.Name], value)
		return true
	})
	return out
}

func TestWhatIsToldIsMeasuredAndDescribed(t *testing.T) {
	t.Parallel()
	names := names(t)
	told := len(names["Kind"]) + len(names["Counter"]) + len(names["Level"])
	kept := 0
	for program, c := range catalogs() {
		tel := telemetry.New(telemetry.Options{Catalog: c, Version: "v1"})
		use(t, tel, names)
		if problems, err := testutil.GatherAndLint(tel.Registry()); err != nil || len(problems) > 0 {
			t.Errorf("%s: names that Prometheus would not choose: %v %v", program, problems, err)
		}
		described, seen := map[string]bool{}, map[string]bool{}
		for _, d := range c.Describe() {
			described[d.Name] = true
		}
		for name, value := range telemetrytest.Values(t, tel.Registry()) {
			family, _, _ := strings.Cut(name, "{")
			family = strings.TrimSuffix(family, "_count")
			if strings.HasPrefix(family, program+"_") {
				seen[family] = true
				if value == 0 && !strings.HasSuffix(family, "_running") && family != "pipecd_streams_open" {
					t.Errorf("%s was told and is 0", name)
				}
			}
		}
		if diff := cmp.Diff(described, seen); diff != "" {
			t.Errorf("%s: described (-) and measured (+) differ: %s", program, diff)
		}
		kept += c.Sources()
	}
	if kept != told {
		t.Errorf("package observe has %d names and the catalogs keep %d of them", told, kept)
	}
}

func TestReference(t *testing.T) {
	t.Parallel()
	want := render()
	if *update {
		if err := os.WriteFile(reference, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/reference/metrics.md is not current; go test ./pkg/telemetry -run TestReference -update writes it: %s", diff)
	}
}

const preamble = `# Metrics

Both programs serve metrics in Prometheus' format at ` + "`/metrics`" + ` of the admin port (` + "`--admin-host`, `--admin-port`" + `, by default
127.0.0.1:9085), together with those of the Go runtime (` + "`go_…`" + `) and of the process (` + "`process_…`" + `). The port is not protected.

No label holds an id that grows with use; the only ids are those of repositories in the piped file. An ` + "`outcome`" + ` is ` + "`ok`, `canceled`" + `,
` + "`timeout`" + ` or the code of an error, such as ` + "`unavailable`" + `. A histogram's ` + "`_count`" + ` says how often something ended.

This page is written from the programs' own list; a test keeps it current.
`

const labelsOfAgents = `
All of them also have the labels ` + "`pipecd_component=\"piped\"`, `piped` (the agent's id), `piped_version` and `project`" + `, as PipeCD's agents have.
`

func render() string {
	var b strings.Builder
	b.WriteString(preamble)
	for _, program := range []struct{ name, title, more string }{
		{"piped", "The agent", labelsOfAgents}, {"pipecd", "The control plane", ""},
	} {
		fmt.Fprintf(&b, "\n## %s (%s)\n%s\n| metric | type | labels | meaning |\n|-|-|-|-|\n", program.title, program.name, program.more)
		for _, d := range catalogs()[program.name].Describe() {
			labels := make([]string, len(d.Labels))
			for i, l := range d.Labels {
				labels[i] = "`" + l + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.Name, d.Type, strings.Join(labels, ", "), d.Help)
		}
	}
	b.WriteString(traces)
	return b.String()
}

const traces = `
## Traces

Spans are exported with OTLP when the standard variables of OpenTelemetry ask for it: ` + "`OTEL_EXPORTER_OTLP_ENDPOINT`" + ` (or
` + "`OTEL_TRACES_EXPORTER=otlp`" + `), ` + "`OTEL_EXPORTER_OTLP_PROTOCOL`" + ` (` + "`http/protobuf`, the default, or `grpc`" + `), ` + "`OTEL_EXPORTER_OTLP_HEADERS`" + `,
` + "`OTEL_TRACES_SAMPLER`" + `, ` + "`OTEL_RESOURCE_ATTRIBUTES`" + `. Without them no span is made.

A deployment is one span in each process that runs it, with the attributes ` + "`deployment`, `application` and `commit`" + `; below it are its stages and
every call to AWS, Datadog, Git and the control plane, where the trace goes on to the datastore and the filestore. Log lines written meanwhile have
` + "`trace_id` and `span_id`" + `.
`
