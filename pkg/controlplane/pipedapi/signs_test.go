package pipedapi

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestSigns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSigns()
		if !s.isDue("a") || s.isDue("a") || !s.isDue("b") {
			t.Error("the first sign of each is stored, and no second")
		}
		s.failed("a")
		if !s.isDue("a") {
			t.Error("what could not be stored is stored with the next sign")
		}
		time.Sleep(signInterval)
		if !s.isDue("a") || len(s.stored) != 1 {
			t.Errorf("after the interval %d are remembered", len(s.stored))
		}
	})
}
