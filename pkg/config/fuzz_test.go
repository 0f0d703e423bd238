package config

import "testing"

// Whatever is loaded can be shown with its secrets masked.
func FuzzMasked(f *testing.F) {
	const head = "apiVersion: pipecd.dev/v1beta1\nkind: Piped\nspec:\n  projectID: p\n  pipedID: i\n  apiAddress: a:1\n"
	f.Add([]byte(head + "  pipedKeyData: c2VzYW1l\n"))
	f.Add([]byte(head + "  pipedKeyFile: /k\n  git: {password: cGFzcw==}\n  repositories:\n    - {repoId: r, remote: 'https://u:p@h/x', branch: b}\n"))
	f.Add([]byte(head + "  pipedKeyFile: /k\n  analysisProviders:\n    - {name: d, type: DATADOG, config: {apiKeyData: YQ==, applicationKeyData: Yg==}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, problems := LoadPiped("f", data)
		if p == nil {
			return
		}
		shown, err := p.Masked()
		if err != nil {
			t.Fatalf("%v of %s (%v)", err, data, problems)
		}
		if len(shown) == 0 {
			t.Error("nothing is shown")
		}
	})
}

func FuzzLoadAnalysisTemplate(f *testing.F) {
	f.Add([]byte("apiVersion: pipecd.dev/v1beta1\nkind: AnalysisTemplate\nspec:\n  metrics:\n    m:\n      interval: 1m\n      provider: d\n      query: q\n"))
	f.Add([]byte("kind: AnalysisTemplate"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if template, problems := LoadAnalysisTemplate("f", data); template == nil && problems.Err() == nil {
			t.Errorf("no template and no problem of %q", data)
		}
		_ = PeekKind(data)
	})
}
