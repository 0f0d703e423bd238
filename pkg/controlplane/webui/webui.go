package webui

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

const (
	indexName   = "index.html"
	preloadName = "preload.json"
	assetPrefix = "/assets/"

	immutable = "public, max-age=31536000, immutable"
	recheck   = "no-cache" // may be kept, must be asked about
)

// policy lets the page load from here only, and run no script and apply no style
// that is not a file.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
	"worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// UI is the handler of everything that browsers load. It is safe for concurrent
// use.
type UI struct {
	files   map[string]*file // by path, with the leading slash
	pages   []page
	index   *file
	unbuilt *unbuilt
}

// page is a row of the build's preload.json: what one route needs of files.
type page struct {
	Path  string   `json:"path"` // as "/deployments/{id}"
	Files []string `json:"files"`
	file  *file    // index.html that names them
}

// New reads the built UI; nil is one that was not built. version is shown then.
func New(built fs.FS, version string) (*UI, error) {
	if built == nil {
		return &UI{unbuilt: newUnbuilt(version)}, nil
	}
	index, err := fs.ReadFile(built, indexName)
	if errors.Is(err, fs.ErrNotExist) {
		return &UI{unbuilt: newUnbuilt(version)}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the web UI: %w", err)
	}
	ui := &UI{files: make(map[string]*file)}
	if err := ui.read(built); err != nil {
		return nil, fmt.Errorf("reading the web UI: %w", err)
	}
	ui.index = ui.files["/"+indexName]
	if ui.pages, err = readPages(built, string(index)); err != nil {
		return nil, fmt.Errorf("reading the web UI: %s: %w", preloadName, err)
	}
	return ui, nil
}

func (ui *UI) read(built fs.FS) error {
	return fs.WalkDir(built, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || isTwin(name) || contentType(name) == "" {
			return err
		}
		f, err := readFile(built, name)
		if err != nil {
			return err
		}
		if strings.HasPrefix("/"+name, assetPrefix) {
			f.cache = immutable
		}
		ui.files["/"+name] = f
		return nil
	})
}

// readPages makes, for each route, the page that tells the browser at once what
// it will need; otherwise it would learn that only from the first script.
func readPages(built fs.FS, index string) ([]page, error) {
	text, err := fs.ReadFile(built, preloadName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var pages []page
	if err := json.Unmarshal(text, &pages); err != nil {
		return nil, err
	}
	for i := range pages {
		var links strings.Builder
		for _, name := range pages[i].Files {
			fmt.Fprintf(&links, `<link rel="modulepreload" crossorigin href="%s">`, name)
		}
		pages[i].file = newFile(indexName, []byte(strings.Replace(index, "</head>", links.String()+"</head>", 1)))
		if err := pages[i].file.compress(); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// ServeHTTP answers with a file, with the page, or with 404.
func (ui *UI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	name := path.Clean("/" + r.URL.Path)
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	if f, ok := ui.files[name]; ok && reads && name != "/"+indexName {
		f.serve(w, r)
		return
	}
	// What is neither a page nor there: an asset of another version, a call with
	// a mistyped name. A page would only hide that.
	if !reads || strings.HasPrefix(name, assetPrefix) || !acceptsHTML(r) {
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "there is nothing here", http.StatusNotFound)
		return
	}
	if ui.unbuilt != nil {
		ui.unbuilt.ServeHTTP(w, r)
		return
	}
	ui.pageOf(name).serve(w, r)
}

// pageOf returns the page for a path: the route's, or the plain one.
func (ui *UI) pageOf(name string) *file {
	for _, p := range ui.pages {
		if matches(p.Path, name) {
			return p.file
		}
	}
	return ui.index
}

// matches reports whether a path is of a route; {…} stands for one segment.
func matches(route, name string) bool {
	want, got := strings.Split(route, "/"), strings.Split(strings.TrimSuffix(name, "/"), "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != got[i] && !strings.HasPrefix(want[i], "{") {
			return false
		}
	}
	return true
}

// acceptsHTML tells a browser that opens a page from everything else. At the root
// whoever takes anything gets the page.
func acceptsHTML(r *http.Request) bool {
	accept := strings.TrimSpace(strings.Join(r.Header.Values("Accept"), ","))
	return strings.Contains(accept, "text/html") || r.URL.Path == "/" && (accept == "" || strings.Contains(accept, "*/*"))
}

func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}
