package auth

import (
	"container/list"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"pipecd/pkg/model"
)

// Limits of login attempts. A successful login gives its account a new start.
const (
	accountBurst = 10
	accountEvery = 6 * time.Second
	addressBurst = 100
	addressEvery = time.Second

	// maxThrottled bounds the memory; the ones not used for longest are forgotten.
	maxThrottled = 8192
)

// throttle limits attempts per account and per address.
type throttle struct {
	accounts  *limiters
	addresses *limiters
}

func newThrottle() *throttle {
	return &throttle{
		accounts:  &limiters{every: accountEvery, burst: accountBurst, byKey: make(map[string]*list.Element)},
		addresses: &limiters{every: addressEvery, burst: addressBurst, byKey: make(map[string]*list.Element)},
	}
}

// attempt counts an attempt, or refuses it with CodeExhausted.
func (t *throttle) attempt(account, address string) error {
	if !t.addresses.allow(address) {
		return model.Errorf(model.CodeExhausted, "there were too many login attempts from your address; wait a few seconds and try again")
	}
	if !t.accounts.allow(account) {
		return model.Errorf(model.CodeExhausted, "there were too many failed login attempts for this account; wait %s and try again", accountEvery)
	}
	return nil
}

func (t *throttle) succeeded(account string) { t.accounts.forget(account) }

// limiters is a bounded set of token buckets.
type limiters struct {
	every time.Duration
	burst int

	mu    sync.Mutex
	byKey map[string]*list.Element
	order list.List // of *bucket, most recently used first
}

type bucket struct {
	key     string
	limiter *rate.Limiter
}

func (l *limiters) allow(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.byKey[key]
	if e == nil {
		e = l.order.PushFront(&bucket{key: key, limiter: rate.NewLimiter(rate.Every(l.every), l.burst)})
		l.byKey[key] = e
		if l.order.Len() > maxThrottled {
			l.remove(l.order.Back())
		}
	}
	l.order.MoveToFront(e)
	b, ok := e.Value.(*bucket)
	return ok && b.limiter.Allow()
}

func (l *limiters) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.byKey[key]; e != nil {
		l.remove(e)
	}
}

func (l *limiters) remove(e *list.Element) {
	if b, ok := l.order.Remove(e).(*bucket); ok {
		delete(l.byKey, b.key)
	}
}
