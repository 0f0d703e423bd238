package server

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Limits of a request that is not a stream. Whoever sends or reads more slowly is
// cut off.
const (
	readTimeout  = callTimeout
	writeTimeout = callTimeout + sendTimeout
)

// timed limits how long a request may take to arrive and its answer to leave.
// Streams lift the limits when they begin (interceptors.go).
func timed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, now := http.NewResponseController(w), time.Now()
		// Unsupported only in tests without a connection.
		_ = c.SetReadDeadline(now.Add(readTimeout))
		_ = c.SetWriteDeadline(now.Add(writeTimeout))
		next.ServeHTTP(w, r)
	})
}

// answerPolicy forbids everything to an answer that a browser takes for a page.
// The pages have a policy of their own.
const answerPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// secured gives every answer the headers that keep browsers from doing anything
// with it but what it is for. Handlers may set stricter or fitter ones.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", answerPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses what changes something when a browser says that another
// site asks for it. Programs, and browsers that do not say, pass: they are
// asked for a header that forms cannot send (forPeople). address is the
// external one, which the Host header may lack behind a proxy.
func sameOrigin(address string, next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		_ = guard.AddTrustedOrigin(u.Scheme + "://" + u.Host) // of an odd scheme: no browser comes from there
	}
	return guard.Handler(next)
}

// fromClient makes the request's address that of the client, as the proxies in
// front tell it. Only proxies of the trusted networks are believed: anybody can
// write a header.
func fromClient(trusted []netip.Prefix, next http.Handler) http.Handler {
	if len(trusted) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if client, ok := clientOf(trusted, r); ok {
			r = r.Clone(r.Context())
			r.RemoteAddr = net.JoinHostPort(client.String(), "0")
		}
		next.ServeHTTP(w, r)
	})
}

// clientOf returns the last address that no trusted proxy has: each proxy adds
// whom it heard from at the end of X-Forwarded-For.
func clientOf(trusted []netip.Prefix, r *http.Request) (netip.Addr, bool) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !isIn(trusted, peer.Addr()) {
		return netip.Addr{}, false
	}
	told := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	client, found := netip.Addr{}, false
	for _, text := range slices.Backward(told) {
		address, err := netip.ParseAddr(strings.TrimSpace(text))
		if err != nil {
			break // nothing before it can be believed
		}
		client, found = address.Unmap(), true
		if !isIn(trusted, client) {
			break
		}
	}
	return client, found
}

func isIn(networks []netip.Prefix, address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(address) })
}
