package notify_test

import (
	"slices"
	"sync"
	"testing"

	"pipecd/pkg/controlplane/notify"
)

func woken(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

func TestHub(t *testing.T) {
	t.Parallel()
	var h notify.Hub
	h.Notify(notify.Deployment("nobody"))
	a, stopA := h.Subscribe(notify.Deployment("1"))
	b, stopB := h.Subscribe(notify.Deployment("1"))
	other, stopOther := h.Subscribe(notify.Commands("1"))
	defer stopOther()
	if woken(a) || woken(b) {
		t.Error("woken before anything happened")
	}
	for range 3 {
		h.Notify(notify.Deployment("1")) // never blocks, and merges
	}
	if !woken(a) || woken(a) || !woken(b) {
		t.Error("not woken exactly once")
	}
	if woken(other) {
		t.Error("woken by another topic")
	}
	stopA()
	stopA()
	h.Notify(notify.Deployment("1"))
	if woken(a) || !woken(b) {
		t.Error("the wrong one unsubscribed")
	}
	stopB()
}

// TestForward: what is notified is passed on, and what others told is not.
func TestForward(t *testing.T) {
	t.Parallel()
	var h notify.Hub
	var passed []notify.Topic
	h.Forward(func(topics []notify.Topic) { passed = append(passed, topics...) })
	w := h.Watch("a", "b", notify.Push("github.com/a/b", "main"))
	defer w.Stop()
	h.Notify("a", "x")
	h.Tell("b", "y")
	h.TellAll()
	if got := w.Take(); !slices.Equal(got, []notify.Topic{"a", "b"}) {
		t.Errorf("woken for %v", got)
	}
	if !slices.Equal(passed, []notify.Topic{"a", "x"}) {
		t.Errorf("passed on: %v", passed)
	}
	if !woken(w.Woken()) || woken(w.Woken()) {
		t.Error("not woken exactly once")
	}
	if n, m := h.Watching("a", "b"), h.Watching("x"); n != 1 || m != 0 {
		t.Errorf("watching are %d and %d", n, m)
	}
}

func TestHubConcurrently(t *testing.T) {
	t.Parallel()
	var h notify.Hub
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				ch, stop := h.Subscribe(notify.Agent("x"))
				h.Notify(notify.Agent("x"))
				if !woken(ch) {
					t.Error("missed its own notification")
				}
				stop()
			}
		})
	}
	all.Wait()
}
