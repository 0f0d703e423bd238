package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What mutants replace moves with the code; whoever moves it learns so here.
func TestEveryMutantFindsItsText(t *testing.T) {
	t.Parallel()
	const few = 15
	if n := len(table()); n < few {
		t.Errorf("there are %d mutants, want %d at least", n, few)
	}
	names := map[string]bool{}
	for _, m := range table() {
		text, err := os.ReadFile(filepath.Join("..", "..", m.file))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), m.old); n != 1 {
			t.Errorf("%s: the text to replace stands %d times in pkg/%s", m.name, n, m.file)
		}
		if names[m.name] || m.old == m.new {
			t.Errorf("%s: there are two of that name, or it changes nothing", m.name)
		}
		names[m.name] = true
	}
}
