package analysis_test

import (
	"strings"
	"testing"

	"pipecd/pkg/analysis"
	"pipecd/pkg/model"
)

func data() analysis.QueryData {
	var d analysis.QueryData
	d.App.Name = "web"
	d.Variant.Name = "canary"
	d.VariantCustomArgs = map[string]string{"targetgroup": "tg-2"}
	return d
}

func TestRenderQuery(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want, says string }{
		"verbatim":          {text: " sum:errors{*}.as_count()\n/\nsum:x{*} \n", want: "sum:errors{*}.as_count()\n/\nsum:x{*}"},
		"fields":            {text: "m{app:{{.App.Name}},v:{{ .Variant.Name }},tg:{{ .VariantCustomArgs.targetgroup }}}", want: "m{app:web,v:canary,tg:tg-2}"},
		"empty fields":      {text: "m{{.App.Env}}{{.K8s.Namespace}}", want: "m"},
		"condition":         {text: `{{if eq .Variant.Name "canary"}}a{{else}}b{{end}}`, want: "a"},
		"printf":            {text: `{{printf "%s-%05d" .App.Name 7}}`, want: "web-00007"},
		"index":             {text: `{{index .VariantCustomArgs "targetgroup"}}`, want: "tg-2"},
		"missing argument":  {text: "m\n  {{ .VariantCustomArgs.nope }}", says: `line 2, column 23`},
		"missing app arg":   {text: "{{ .AppCustomArgs.nope }}", says: "nope"},
		"missing by index":  {text: `{{index .AppCustomArgs "nope"}}`, says: `there is no argument "nope"`},
		"unknown field":     {text: "{{ .Namespace }}", says: "can't evaluate field Namespace"},
		"does not parse":    {text: "a\n{{ .App.Name }", says: "line 2"},
		"no value, literal": {text: "a <no value> b", says: "<no value>"},
		"empty":             {text: " {{- /* nothing */ -}} ", says: "empty"},
		"too long":          {text: strings.Repeat("x", analysis.MaxQueryBytes+1), says: "at most 8192"},
		"result too long":   {text: strings.Repeat(`{{printf "%900d" 1}}`, 10), says: "longer than 8192"},
		"loop":              {text: "{{range 1000000000000}}{{end}}", says: "loops"},
		"loop in a branch":  {text: "{{if .App.Name}}{{with .App}}{{range $.AppCustomArgs}}{{end}}{{end}}{{end}}", says: "query:1:"},
		"recursion":         {text: `{{define "a"}}{{template "a"}}{{template "a"}}{{end}}{{template "a"}}`, says: "nested templates"},
		"doubling":          {text: `{{$a := printf "%900d" 1}}` + strings.Repeat(`{{$a = print $a $a}}`, 40), says: "longer than"},
		"padding":           {text: `{{printf "%1000000d" 1}}`, says: "pads"},
		"padding by star":   {text: `{{printf "%*d" 1000000 1}}`, says: "pads"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := analysis.RenderQuery(tt.text, data())
			if tt.says == "" {
				if err != nil || got != tt.want {
					t.Errorf("got %q, %v; want %q", got, err, tt.want)
				}
				return
			}
			if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %q, %v; want code %s and %q", got, err, model.CodeInvalid, tt.says)
			}
		})
	}
}

func FuzzRenderQuery(f *testing.F) {
	for _, seed := range []string{
		"m{app:{{.App.Name}}}", "{{ .VariantCustomArgs.x }}", `{{printf "%900d" 1}}`, `{{printf "%.999999f" 1.0}}`, "{{range 9}}{{end}}",
		`{{block "a" .}}{{end}}`, "{{if .App}}{{else with .K8s}}{{end}}", `{{index .AppCustomArgs .App.Name}}`, "{{slice .App.Name 1 2}}",
		`{{$a := "x"}}{{$a = print $a $a}}{{$a | html | js | urlquery}}`, "{{.}}", "{{call .App}}", "{{break}}", `{{len "a"}}`,
	} {
		f.Add(seed, "arg")
	}
	f.Fuzz(func(t *testing.T, text, arg string) {
		d := data()
		d.AppCustomArgs = map[string]string{"x": arg, arg: text}
		got, err := analysis.RenderQuery(text, d)
		switch {
		case err != nil && model.CodeOf(err) != model.CodeInvalid:
			t.Errorf("error without code %s: %v", model.CodeInvalid, err)
		case err == nil && (got == "" || len(got) > analysis.MaxQueryBytes || strings.Contains(got, "<no value>")):
			t.Errorf("rendered %q", got)
		}
	})
}
