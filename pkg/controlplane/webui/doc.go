// Package webui serves the built web UI to browsers.
//
// One page, index.html, answers for every path that a browser asks as a page and
// that is nothing else; which page of the UI it is, the UI's own router decides.
// Files under /assets/ have a hash in their name and never change. Each file may
// have compressed twins beside it (name.br, name.gz), written by the build, so
// that serving compresses nothing.
//
// All is read once, when the server starts: the files are part of the program.
// A program that was built without the UI answers with a page that says how to
// build it, and how to do without (unbuilt.go).
package webui
