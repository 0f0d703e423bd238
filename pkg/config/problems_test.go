package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/model"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// loadAny loads a document by its kind and returns what is wrong with it.
func loadAny(name string, data []byte) Problems {
	var ps Problems
	switch PeekKind(data) {
	case KindControlPlane:
		_, ps = LoadControlPlane(name, data)
	case KindPiped:
		_, ps = LoadPiped(name, data)
	case KindAnalysisTemplate:
		_, ps = LoadAnalysisTemplate(name, data)
	default: // KindECSApp, KindApplication, and none
		_, ps = LoadECSApp(name, data)
	}
	return ps
}

// TestProblems compares all problems of whole documents with golden files.
func TestProblems(t *testing.T) {
	t.Parallel()

	files, err := filepath.Glob("testdata/problems/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()

			ps := loadAny(filepath.Base(file), read(t, "problems", filepath.Base(file)))
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(ps.Error()+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want := read(t, "problems", filepath.Base(golden))
			if diff := cmp.Diff(string(want), ps.Error()+"\n"); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProblemsAsErrors(t *testing.T) {
	t.Parallel()

	_, ps := LoadPiped("f", []byte("apiVersion: pipecd.dev/v1beta1\nkind: Piped\nspec: {syncInterval: 5}"))
	err := ps.Err()
	if model.CodeOf(err) != model.CodeInvalid {
		t.Errorf("code %q, want invalid", model.CodeOf(err))
	}
	var found Problems
	if !errors.As(err, &found) || len(found) == 0 || len(found.Warnings()) > 0 {
		t.Errorf("the problems are not in the error, or with warnings: %v", err)
	}
	if len(ps.Warnings())+len(found) != len(ps) {
		t.Errorf("%d warnings and %d errors, of %d problems", len(ps.Warnings()), len(found), len(ps))
	}
	if (Problems{{Severity: SeverityWarning}}).Err() != nil || Problems(nil).Err() != nil {
		t.Error("warnings alone are an error")
	}
}
