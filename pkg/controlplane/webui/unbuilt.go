package webui

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
)

const unbuiltStyle = `body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#222;background:#fff}` +
	`pre{background:#f4f4f4;padding:1rem;overflow-x:auto;border-radius:4px}h1{font-size:1.4rem}` +
	`@media(prefers-color-scheme:dark){body{color:#ddd;background:#1b1b1b}pre{background:#2a2a2a}}`

const unbuiltText = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>pipecd</title><style>` + unbuiltStyle + `</style></head>
<body>
<h1>This is a pipecd control plane</h1>
<p>Version {{.Version}}. It does progressive delivery for Amazon ECS. The program was built without its web UI. With Node 20.19 or newer,
this makes one that has it:</p>
<pre>make build</pre>
<p>The command line does everything, too:</p>
<pre>pipecd ctl login --address {{.Address}} --project PROJECT --username NAME
pipecd ctl piped add NAME
pipecd ctl app add --help
pipecd ctl app sync APPLICATION --wait
pipecd ctl deployment show DEPLOYMENT --follow</pre>
<p><code>pipecd ctl --help</code> lists the rest.</p>
</body>
</html>
`

// unbuilt is the page of a program that was built without the UI.
type unbuilt struct {
	version string
	text    *template.Template
	policy  string
}

func newUnbuilt(version string) *unbuilt {
	sum := sha256.Sum256([]byte(unbuiltStyle))
	return &unbuilt{
		version: version,
		text:    template.Must(template.New("page").Parse(unbuiltText)),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}
}

// ServeHTTP answers with a page that says what this is and how to use it.
func (u *unbuilt) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	var out bytes.Buffer
	err := u.text.Execute(&out, struct{ Version, Address string }{u.version, scheme + "://" + r.Host})
	if err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", u.policy)
	h.Set("Cache-Control", "no-store")
	_, _ = out.WriteTo(w) // the client is gone; nobody to tell
}
