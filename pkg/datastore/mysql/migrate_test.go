package mysql_test

import (
	"slices"
	"sync"
	"testing"

	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/mysql"
)

// TestMigrateTellsEachStepOnce: of two that run at once, every step is applied
// by one; a look changes nothing.
func TestMigrateTellsEachStepOnce(t *testing.T) {
	t.Parallel()
	o := database(t)
	before, err := mysql.Schema(t.Context(), o)
	must(t, err)
	again, err := mysql.Schema(t.Context(), o)
	must(t, err)
	if before.Have != 0 || int64(len(before.Pending)) == 0 || len(again.Pending) != len(before.Pending) {
		t.Errorf("an empty database is %+v, then %+v", before, again)
	}
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		steps []datastore.Migration
	)
	for range 2 {
		all.Go(func() {
			err := mysql.Migrate(t.Context(), o, func(m datastore.Migration) {
				mu.Lock()
				defer mu.Unlock()
				steps = append(steps, m)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	slices.SortFunc(steps, func(a, b datastore.Migration) int { return int(a.Version - b.Version) })
	same := slices.EqualFunc(steps, before.Pending, func(a, b datastore.Migration) bool { return a.Version == b.Version && a.Name == b.Name })
	if !same {
		t.Errorf("applied %v, want %v", steps, before.Pending)
	}
	after, err := mysql.Schema(t.Context(), o)
	must(t, err)
	if after.Have != before.Need || len(after.Pending) != 0 {
		t.Errorf("afterwards it is %+v", after)
	}
}
