package webui_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/controlplane/webui"
)

const index = `<!doctype html><html><head><script type="module" src="/assets/index-1.js"></script></head><body></body></html>`

func built() fstest.MapFS {
	return fstest.MapFS{
		"KEEP":                   {Data: []byte("stays")},
		"index.html":             {Data: []byte(index)},
		"index.html.br":          {Data: []byte("brotli of index")},
		"preload.json":           {Data: []byte(`[{"path":"/deployments/{id}","files":["/assets/deployment-2.js"]}]`)},
		"favicon.svg":            {Data: []byte("<svg/>")},
		"assets/index-1.js":      {Data: []byte("plain")},
		"assets/index-1.js.br":   {Data: []byte("brotli")},
		"assets/index-1.js.gz":   {Data: []byte("gzip")},
		"assets/deployment-2.js": {Data: []byte("page")},
	}
}

func handler(t *testing.T, files fstest.MapFS) http.Handler {
	t.Helper()
	ui, err := webui.New(files, "v1")
	if err != nil {
		t.Fatal(err)
	}
	return ui
}

func ask(t *testing.T, h http.Handler, method, path string, header map[string]string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close() // a recorder's
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func page() map[string]string { return map[string]string{"Accept": "text/html,*/*;q=0.8"} }

func TestWhatIsServed(t *testing.T) {
	t.Parallel()
	h := handler(t, built())
	type answer struct {
		Status             int
		Body, Cache, Coded string
	}
	const (
		forever = "public, max-age=31536000, immutable"
		recheck = "no-cache"
		nothing = "there is nothing here\n"
	)
	tests := map[string]struct {
		method, path string
		header       map[string]string
		want         answer
	}{
		"root":                     {path: "/", header: page(), want: answer{200, index, recheck, ""}},
		"root without a wish":      {path: "/", want: answer{200, index, recheck, ""}},
		"a page of the UI":         {path: "/applications", header: page(), want: answer{200, index, recheck, ""}},
		"an unknown page":          {path: "/no/such", header: page(), want: answer{200, index, recheck, ""}},
		"the page by its name":     {path: "/index.html", header: page(), want: answer{200, index, recheck, ""}},
		"a page, compressed":       {path: "/x", header: map[string]string{"Accept": "text/html", "Accept-Encoding": "gzip, br"}, want: answer{200, "brotli of index", recheck, "br"}},
		"not asked as a page":      {path: "/applications", header: map[string]string{"Accept": "application/json"}, want: answer{404, nothing, "no-store", ""}},
		"a script":                 {path: "/assets/index-1.js", want: answer{200, "plain", forever, ""}},
		"a script in brotli":       {path: "/assets/index-1.js", header: map[string]string{"Accept-Encoding": "gzip, deflate, br"}, want: answer{200, "brotli", forever, "br"}},
		"a script in gzip":         {path: "/assets/index-1.js", header: map[string]string{"Accept-Encoding": "br;q=0, gzip;q=0.5"}, want: answer{200, "gzip", forever, "gzip"}},
		"a script without twins":   {path: "/assets/deployment-2.js", header: map[string]string{"Accept-Encoding": "br"}, want: answer{200, "page", forever, ""}},
		"a script of another time": {path: "/assets/index-0.js", header: page(), want: answer{404, nothing, "no-store", ""}},
		"a twin by its name":       {path: "/assets/index-1.js.br", header: page(), want: answer{404, nothing, "no-store", ""}},
		"out of the folder":        {path: "/assets/../KEEP", header: map[string]string{"Accept": "*/*"}, want: answer{404, nothing, "no-store", ""}},
		"a file that is no page":   {path: "/preload.json", header: map[string]string{"Accept": "*/*"}, want: answer{404, nothing, "no-store", ""}},
		"an icon":                  {path: "/favicon.svg", want: answer{200, "<svg/>", recheck, ""}},
		"a call to nowhere":        {method: http.MethodPost, path: "/no.Service/Method", header: page(), want: answer{404, nothing, "no-store", ""}},
		"a head":                   {method: http.MethodHead, path: "/assets/index-1.js", want: answer{200, "", forever, ""}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			method := test.method
			if method == "" {
				method = http.MethodGet
			}
			resp := ask(t, h, method, test.path, test.header)
			got := answer{resp.StatusCode, body(t, resp), resp.Header.Get("Cache-Control"), resp.Header.Get("Content-Encoding")}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			for name, part := range map[string]string{
				"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'",
				"X-Content-Type-Options":  "nosniff",
				"X-Frame-Options":         "DENY",
				"Referrer-Policy":         "same-origin",
			} {
				if !strings.Contains(resp.Header.Get(name), part) {
					t.Errorf("%s is %q", name, resp.Header.Get(name))
				}
			}
		})
	}
}

func TestPagesNameWhatTheyNeed(t *testing.T) {
	t.Parallel()
	h := handler(t, built())
	const link = `<link rel="modulepreload" crossorigin href="/assets/deployment-2.js"></head>`
	for path, want := range map[string]bool{"/deployments/x": true, "/deployments/x/": true, "/deployments": false, "/deployments/x/y": false, "/applications/x": false} {
		resp := ask(t, h, http.MethodGet, path, page())
		if got := strings.Contains(body(t, resp), link); got != want {
			t.Errorf("%s names the script: %t", path, got)
		}
	}
	header := page()
	header["Accept-Encoding"] = "gzip"
	resp := ask(t, h, http.MethodGet, "/deployments/x", header)
	r, err := gzip.NewReader(strings.NewReader(body(t, resp)))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if _, err := text.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), link) {
		t.Error("the compressed page does not name the script")
	}
}

func TestWhatIsThereIsNotSentAgain(t *testing.T) {
	t.Parallel()
	h := handler(t, built())
	first := ask(t, h, http.MethodGet, "/applications", map[string]string{"Accept": "text/html", "Accept-Encoding": "br"})
	plain := ask(t, h, http.MethodGet, "/applications", page())
	tag := first.Header.Get("ETag")
	if tag == "" || tag == plain.Header.Get("ETag") {
		t.Fatalf("the forms have the tags %q and %q", tag, plain.Header.Get("ETag"))
	}
	for given, want := range map[string]int{tag: 304, "W/" + tag: 304, `"other", ` + tag: 304, "*": 304, `"other"`: 200, "": 200} {
		resp := ask(t, h, http.MethodGet, "/applications", map[string]string{"Accept": "text/html", "Accept-Encoding": "br", "If-None-Match": given})
		if resp.StatusCode != want || (want == 304) != (body(t, resp) == "") {
			t.Errorf("with %q: %d", given, resp.StatusCode)
		}
	}
}

func TestAProgramWithoutTheUI(t *testing.T) {
	t.Parallel()
	h := handler(t, fstest.MapFS{"KEEP": {Data: []byte("stays")}})
	resp := ask(t, h, http.MethodGet, "/applications", page())
	text := body(t, resp)
	for _, want := range []string{"Version v1", "make build", "pipecd ctl login --address http://example.com"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "style-src 'sha256-") {
		t.Errorf("the page's style is not allowed: %s", policy)
	}
	if resp := ask(t, h, http.MethodGet, "/assets/x.js", page()); resp.StatusCode != http.StatusNotFound {
		t.Errorf("an asset is answered with %d", resp.StatusCode)
	}
	if _, err := webui.New(nil, ""); err != nil {
		t.Error(err)
	}
	broken := built()
	broken["preload.json"] = &fstest.MapFile{Data: []byte("{")}
	if _, err := webui.New(broken, ""); err == nil {
		t.Error("a broken build is accepted")
	}
}
