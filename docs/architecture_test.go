// Package docs_test keeps the documents true to the code.
package docs_test

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "pipecd/"

// row is one line of the import table.
type row struct {
	folder string
	may    []string
	// everywhere says that every package may import it.
	everywhere bool
}

func readTable(t *testing.T) []row {
	t.Helper()
	text, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "<!-- imports:begin -->")
	table, _, ended := strings.Cut(rest, "<!-- imports:end -->")
	if !ok || !ended {
		t.Fatal("architecture.md has no import table between its marks")
	}
	var rows []row
	scanner := bufio.NewScanner(strings.NewReader(table))
	for scanner.Scan() {
		cells := strings.Split(scanner.Text(), "|")
		if len(cells) != 5 || strings.HasPrefix(cells[1], "-") || strings.TrimSpace(cells[1]) == "folder" {
			continue
		}
		r := row{folder: strings.TrimSpace(cells[1]), everywhere: strings.Contains(cells[2], "*Everywhere.*")}
		for name := range strings.SplitSeq(cells[3], ",") {
			if name = strings.TrimSpace(name); name != "" {
				r.may = append(r.may, name)
			}
		}
		rows = append(rows, r)
	}
	return rows
}

func below(folder, name string) bool {
	return name == folder || strings.HasPrefix(name, folder+"/")
}

// rowOf returns the longest row that names a folder of the package.
func rowOf(rows []row, name string) *row {
	var best *row
	for i := range rows {
		if below(rows[i].folder, name) && (best == nil || len(rows[i].folder) > len(best.folder)) {
			best = &rows[i]
		}
	}
	return best
}

func TestImportsKeepToTheTable(t *testing.T) {
	t.Parallel()
	rows := readTable(t)
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "../cmd/...", "../pkg/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	seen := 0
	for decoder.More() {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		seen++
		name := strings.TrimPrefix(p.ImportPath, module)
		r := rowOf(rows, name)
		if r == nil {
			t.Errorf("%s has no row in the table", name)
			continue
		}
		for _, imported := range p.Imports {
			other, ours := strings.CutPrefix(imported, module)
			if ours && !allowed(rows, *r, other) {
				t.Errorf("%s must not import %s", name, other)
			}
		}
	}
	const few = 40
	if seen < few {
		t.Errorf("only %d packages were looked at", seen)
	}
}

func allowed(rows []row, r row, other string) bool {
	if target := rowOf(rows, other); below(r.folder, other) || target != nil && target.everywhere && !r.everywhere {
		return true
	}
	return slices.ContainsFunc(r.may, func(folder string) bool { return below(folder, other) })
}

func TestOnlyQuickstartImportsTheSimulatedCloud(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "../cmd/...", "../pkg/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		name, imports, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.HasPrefix(name, module+"pkg/simcloud") || strings.HasPrefix(name, module+"cmd/pipecd/quickstart") {
			continue
		}
		if strings.Contains(imports, module+"pkg/simcloud") {
			t.Errorf("%s imports the simulated cloud", name)
		}
	}
}
