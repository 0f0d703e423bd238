package auth

import (
	"container/list"
	"errors"
	"net/netip"
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

// throttle limits attempts per account and per address. Who logged in to an
// account from an address has attempts of their own from there, so that somebody
// who guesses elsewhere does not lock the owner out. It is this process's: with
// several replicas each counts for itself.
type throttle struct {
	accounts  *limiters
	addresses *limiters
	known     *limiters // by account and address from which it was opened
}

func newThrottle() *throttle {
	return &throttle{
		accounts:  newLimiters(accountEvery, accountBurst),
		addresses: newLimiters(addressEvery, addressBurst),
		known:     newLimiters(accountEvery, accountBurst),
	}
}

// attempt counts an attempt, or refuses it with CodeExhausted.
func (t *throttle) attempt(account, address string) error {
	network := networkOf(address)
	if wait := t.addresses.take(network); wait > 0 {
		return throttled("there were too many login attempts from your address; wait %s and try again", wait)
	}
	if limit, ok := t.known.find(account + "\x00" + network); ok {
		if wait := take(limit); wait > 0 {
			return throttled("there were too many failed login attempts for this account from your address; wait %s and try again", wait)
		}
		return nil
	}
	if wait := t.accounts.take(account); wait > 0 {
		return throttled("there were too many failed login attempts for this account; wait %s and try again", wait)
	}
	return nil
}

func (t *throttle) succeeded(account, address string) {
	t.accounts.forget(account)
	known := account + "\x00" + networkOf(address)
	t.known.forget(known)
	t.known.get(known)
}

// networkOf returns whose an address is: one household has many addresses of
// version 6.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	const household = 64 // bits
	if ip = ip.Unmap(); !ip.Is6() {
		return ip.String()
	}
	network, err := ip.WithZone("").Prefix(household)
	if err != nil {
		return address
	}
	return network.String()
}

// throttledError is an error that will be none after a while.
type throttledError struct {
	error

	after time.Duration
}

func (e throttledError) Unwrap() error { return e.error }

func throttled(sentence string, wait time.Duration) error {
	wait = wait.Truncate(time.Second) + time.Second
	return throttledError{model.Errorf(model.CodeExhausted, sentence, wait), wait}
}

// RetryAfter returns how long to wait before the login that gave this error is
// tried again, in whole seconds; 0 for an error that waiting does not mend.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[throttledError](err); ok {
		return e.after
	}
	return 0
}

// limiters is a bounded set of token buckets.
type limiters struct {
	every time.Duration
	burst int

	mu    sync.Mutex
	byKey map[string]*list.Element
	order list.List // of *bucket, most recently used first
}

func newLimiters(every time.Duration, burst int) *limiters {
	return &limiters{every: every, burst: burst, byKey: make(map[string]*list.Element)}
}

type bucket struct {
	key     string
	limiter *rate.Limiter
}

// take takes from the key's bucket, or returns how long to wait.
func (l *limiters) take(key string) (wait time.Duration) { return take(l.get(key)) }

func take(limit *rate.Limiter) (wait time.Duration) {
	if limit.Allow() {
		return 0
	}
	missing := 1 - limit.Tokens()
	return max(1, time.Duration(missing/float64(limit.Limit())*float64(time.Second)))
}

// find returns the key's bucket if there is one.
func (l *limiters) find(key string) (*rate.Limiter, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	limit := l.used(key)
	return limit, limit != nil
}

// get returns the key's bucket, a full one if there was none.
func (l *limiters) get(key string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if limit := l.used(key); limit != nil {
		return limit
	}
	limit := rate.NewLimiter(rate.Every(l.every), l.burst)
	l.byKey[key] = l.order.PushFront(&bucket{key: key, limiter: limit})
	if l.order.Len() > maxThrottled {
		l.remove(l.order.Back())
	}
	return limit
}

// used returns the key's bucket, which is used now, or nil. mu is held.
func (l *limiters) used(key string) *rate.Limiter {
	e := l.byKey[key]
	if e == nil {
		return nil
	}
	l.order.MoveToFront(e)
	if b, ok := e.Value.(*bucket); ok {
		return b.limiter
	}
	return nil
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
