package filestoretest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
)

// Run runs the suite. open is called once for each test, from parallel tests.
func Run(t *testing.T, open func(t *testing.T) filestore.Store) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"PutGetDelete", testPutGetDelete},
		{"Content", testContent},
		{"Sizes", testSizes},
		{"Paths", testPaths},
		{"BadPaths", testBadPaths},
		{"Lists", testLists},
		{"ListPages", testListPages},
		{"BadLists", testBadLists},
		{"ReadersSeeWholeObjects", testWholeObjects},
		{"PutAndDeleteRace", testPutAndDelete},
		{"CancelledContext", testCancelled},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, &world{Store: open(t), dir: model.NewID() + "/"})
		})
	}
}

// world is what one test has: the store and a directory that no other test uses.
type world struct {
	filestore.Store

	dir string
}

func (w *world) put(t *testing.T, name, content string) {
	t.Helper()
	must(t, w.Put(t.Context(), w.dir+name, []byte(content)))
}

func (w *world) list(t *testing.T, prefix, startAfter string, limit int) []string {
	t.Helper()
	if startAfter != "" {
		startAfter = w.dir + startAfter
	}
	paths, err := w.List(t.Context(), w.dir+prefix, startAfter, limit)
	must(t, err)
	for i, p := range paths {
		paths[i] = strings.TrimPrefix(p, w.dir)
	}
	return paths
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, want model.Code) {
	t.Helper()
	if got := model.CodeOf(err); got != want {
		t.Errorf("error %v has code %q, want %q", err, got, want)
	}
}

func testPutGetDelete(t *testing.T, w *world) {
	ctx, name := t.Context(), w.dir+"a/b/c.json"
	must(t, w.Ping(ctx))
	for range 2 {
		_, err := w.Get(ctx, name)
		wantCode(t, err, model.CodeNotFound)
		must(t, w.Delete(ctx, name))
		for _, content := range []string{"first", "first", "second, longer", "3", ""} {
			must(t, w.Put(ctx, name, []byte(content)))
			got, err := w.Get(ctx, name)
			if must(t, err); string(got) != content {
				t.Errorf("got %q, want %q", got, content)
			}
		}
		must(t, w.Delete(ctx, name))
	}
	w.put(t, "a/b/d", "x")
	for _, near := range []string{"a", "a/b", "a/b/d/e", "a/b/D"} { // a directory is no object
		_, err := w.Get(ctx, w.dir+near)
		wantCode(t, err, model.CodeNotFound)
		must(t, w.Delete(ctx, w.dir+near))
	}
	if diff := cmp.Diff([]string{"a/b/d"}, w.list(t, "", "", 10)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func testContent(t *testing.T, w *world) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	content := slices.Clone(all)
	must(t, w.Put(t.Context(), w.dir+"x", content))
	content[0] = 99 // the store keeps no reference
	got, err := w.Get(t.Context(), w.dir+"x")
	must(t, err)
	if !bytes.Equal(got, all) {
		t.Error("the content changed")
	}
	got[0] = 99
	if got, err = w.Get(t.Context(), w.dir+"x"); err != nil || !bytes.Equal(got, all) {
		t.Errorf("the store shares memory with its reader, %v", err)
	}
}

func testSizes(t *testing.T, w *world) {
	largest := bytes.Repeat([]byte("x"), filestore.MaxObjectSize)
	must(t, w.Put(t.Context(), w.dir+"largest", largest))
	got, err := w.Get(t.Context(), w.dir+"largest")
	must(t, err)
	if !bytes.Equal(got, largest) {
		t.Errorf("the largest object came back with %d bytes", len(got))
	}
	wantCode(t, w.Put(t.Context(), w.dir+"larger", append(largest, 'x')), model.CodeInvalid)
	_, err = w.Get(t.Context(), w.dir+"larger")
	wantCode(t, err, model.CodeNotFound)
}

func testPaths(t *testing.T, w *world) {
	names := []string{
		"...", "..a", ".hidden", "a b", "a%2fb", "a?b#c", "a+b&c=d", "é", "日本語/😀", "-dash", "~", "*", "CON", "tmp/x",
		strings.Repeat("n", filestore.MaxElementLength), strings.Repeat("d/", 300) + "deep",
	}
	for _, name := range names {
		w.put(t, name, name)
	}
	for _, name := range names {
		got, err := w.Get(t.Context(), w.dir+name)
		if must(t, err); string(got) != name {
			t.Errorf("%q has the content of %q", name, got)
		}
	}
	slices.Sort(names)
	if diff := cmp.Diff(names, w.list(t, "", "", 100)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func testBadPaths(t *testing.T, w *world) {
	for _, name := range []string{
		"", "/", "/etc/passwd", ".", "..", "../x", "a/../../x", "a/..", "./a", "a/./b", "a//b", "a/", "a\x00b", "a\nb", "a\\b", "a\xffb",
		strings.Repeat("n", filestore.MaxElementLength+1), strings.Repeat("d/", filestore.MaxPathLength/2) + "x",
	} {
		wantCode(t, w.Put(t.Context(), name, []byte("x")), model.CodeInvalid)
		_, err := w.Get(t.Context(), name)
		wantCode(t, err, model.CodeInvalid)
		wantCode(t, w.Delete(t.Context(), name), model.CodeInvalid)
	}
}

func testLists(t *testing.T, w *world) {
	all := []string{"a", "a-b", "a.b/c", "b/1", "b/10", "b/2", "b/c/d", "b0", "c/d/e/f", "É", "é/x", "😀"}
	for _, i := range []int{7, 2, 11, 0, 5, 9, 1, 3, 10, 4, 8, 6} {
		w.put(t, all[i], "")
	}
	slices.Sort(all)
	for _, prefix := range append([]string{"", "a", "b", "b/", "b/1", "b/c", "c/d/", "c/d/e", "c/d/x", "x", "a.", "É", "😀", "b/1/"}, all...) {
		for _, after := range append([]string{"", "b/", "b/5", "c", "zzz", "b/c/", "\x00"}, all...) {
			var want []string
			for _, name := range all {
				if strings.HasPrefix(name, prefix) && (after == "" || name > after) {
					want = append(want, name)
				}
			}
			for _, limit := range []int{1, 2, filestore.MaxListLimit} {
				got := w.list(t, prefix, after, limit)
				if diff := cmp.Diff(want[:min(limit, len(want))], got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("prefix %q after %q limit %d (-want +got):\n%s", prefix, after, limit, diff)
				}
			}
		}
	}
}

func testListPages(t *testing.T, w *world) {
	var want []string
	for i := range 60 {
		name := fmt.Sprintf("d%d/%02d", i%4, i)
		w.put(t, name, "x")
		want = append(want, name)
	}
	slices.Sort(want)
	var got []string
	for after := ""; ; after = got[len(got)-1] {
		page := w.list(t, "d", after, 7)
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func testBadLists(t *testing.T, w *world) {
	for _, prefix := range []string{"/", "../", "a/../", "a//", "\x00", "./", "a\xff", strings.Repeat("x", filestore.MaxPathLength+1)} {
		_, err := w.List(t.Context(), prefix, "", 1)
		wantCode(t, err, model.CodeInvalid)
	}
	for _, limit := range []int{0, -1, filestore.MaxListLimit + 1} {
		_, err := w.List(t.Context(), w.dir, "", limit)
		wantCode(t, err, model.CodeInvalid)
	}
}

// testWholeObjects: while an object is replaced a reader gets one content or
// another, never a mixture, a part, or nothing.
func testWholeObjects(t *testing.T, w *world) {
	const writers, rounds = 3, 10
	content := func(i int) string { return strings.Repeat(string(rune('a'+i)), 50_000+i) }
	w.put(t, "x", content(0))
	var writing sync.WaitGroup
	for i := range writers {
		writing.Go(func() {
			for range rounds {
				if err := w.Put(t.Context(), w.dir+"x", []byte(content(i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		writing.Wait()
		close(done)
	}()
	for {
		got, err := w.Get(t.Context(), w.dir+"x")
		must(t, err)
		if len(got) == 0 || string(got) != content(int(got[0]-'a')) {
			t.Fatalf("a reader saw %d bytes that nobody wrote", len(got))
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

// testPutAndDelete: neighbours that come and go do not disturb each other,
// whatever a store does with directories that become empty.
func testPutAndDelete(t *testing.T, w *world) {
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			name := fmt.Sprintf("%sdir/sub/%d", w.dir, i)
			for range 15 {
				err := w.Put(t.Context(), name, []byte(name))
				if err == nil {
					_, err = w.Get(t.Context(), name)
				}
				if err = errors.Join(err, w.Delete(t.Context(), name)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if left := w.list(t, "", "", 10); len(left) > 0 {
		t.Errorf("deleted objects are listed: %v", left)
	}
}

func testCancelled(t *testing.T, w *world) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, get := w.Get(ctx, w.dir+"x")
	_, list := w.List(ctx, w.dir, "", 1)
	for _, err := range []error{w.Put(ctx, w.dir+"x", nil), get, list, w.Delete(ctx, w.dir+"x"), w.Ping(ctx)} {
		if wantCode(t, err, model.CodeUnavailable); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v does not say that the context ended", err)
		}
	}
}
