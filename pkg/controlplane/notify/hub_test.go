package notify_test

import (
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
