package filestore_test

import (
	"testing"

	"pipecd/pkg/filestore"
	"pipecd/pkg/filestore/local"
	"pipecd/pkg/telemetry"
	"pipecd/pkg/telemetry/telemetrytest"
)

func TestCallsAreObserved(t *testing.T) {
	t.Parallel()
	tel := telemetry.New(telemetry.Options{Catalog: telemetry.ControlPlane()})
	files, err := local.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := files.Close(); err != nil {
			t.Error(err)
		}
	})
	s := filestore.Observed(files, tel)
	if err := s.Put(t.Context(), "a/b", []byte("content")); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(t.Context(), "a/b"); err != nil || string(got) != "content" {
		t.Fatalf("got %q, %v", got, err)
	}
	if _, err := s.Get(t.Context(), "a/c"); err == nil {
		t.Fatal("an object that is not there was read")
	}
	if paths, err := s.List(t.Context(), "a/", "", 10); err != nil || len(paths) != 1 {
		t.Fatalf("got %v, %v", paths, err)
	}
	if err := s.Delete(t.Context(), "a/b"); err != nil {
		t.Fatal(err)
	}
	values := telemetrytest.Values(t, tel.Registry())
	for _, labels := range []string{
		`method="Put",outcome="ok"`, `method="Get",outcome="ok"`, `method="Get",outcome="not_found"`, `method="List",outcome="ok"`, `method="Delete",outcome="ok"`,
	} {
		name := "pipecd_filestore_call_duration_seconds_count{" + labels + "}"
		if values[name] != 1 {
			t.Errorf("%s is %v, want 1", name, values[name])
		}
	}
}
