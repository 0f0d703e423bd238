package livestate_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"pipecd/pkg/controlplane/livestate"
	"pipecd/pkg/filestore/local"
	"pipecd/pkg/model"
)

func open(t *testing.T) (*livestate.Snapshots, *local.Store) {
	t.Helper()
	files, err := local.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := files.Close(); err != nil {
			t.Error(err)
		}
	})
	return livestate.New(files), files
}

func put(t *testing.T, s *livestate.Snapshots, v livestate.Version) {
	t.Helper()
	if err := s.Put(t.Context(), "app", v, fmt.Append(nil, v)); err != nil {
		t.Error(err) // also from other goroutines
	}
}

func want(t *testing.T, s *livestate.Snapshots, v livestate.Version) {
	t.Helper()
	got, err := s.Latest(t.Context(), "app")
	if err != nil || string(got) != fmt.Sprint(v) {
		t.Errorf("got %q, %v, want %v", got, err, v)
	}
}

func TestTheNewestStays(t *testing.T) {
	t.Parallel()
	s, files := open(t)
	if _, err := s.Latest(t.Context(), "app"); model.CodeOf(err) != model.CodeNotFound {
		t.Errorf("got %v", err)
	}
	put(t, s, livestate.Version{Seconds: 99, Index: 1})
	put(t, s, livestate.Version{Seconds: 100, Index: 9})
	put(t, s, livestate.Version{Seconds: 100, Index: 10})
	put(t, s, livestate.Version{Seconds: 100, Index: 2}) // late
	put(t, s, livestate.Version{Seconds: 9, Index: 99})
	want(t, s, livestate.Version{Seconds: 100, Index: 10})
	put(t, s, livestate.Version{Seconds: 100, Index: 10}) // again
	want(t, s, livestate.Version{Seconds: 100, Index: 10})
	if left, err := files.List(t.Context(), "", "", 10); err != nil || len(left) != 1 {
		t.Errorf("%v, %v are left", left, err)
	}
	if _, err := s.Latest(t.Context(), "../app"); model.CodeOf(err) != model.CodeNotFound {
		t.Errorf("got %v", err)
	}
	large := []byte(strings.Repeat("x", livestate.MaxSize+1))
	if err := s.Put(t.Context(), "app", livestate.Version{Seconds: 101}, large); model.CodeOf(err) != model.CodeInvalid {
		t.Errorf("got %v", err)
	}
}

func TestManyWriters(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	var all sync.WaitGroup
	for i := range int64(20) {
		all.Go(func() { put(t, s, livestate.Version{Seconds: 1 + i}) })
	}
	all.Wait()
	want(t, s, livestate.Version{Seconds: 20})
}
