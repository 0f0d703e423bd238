package server

import (
	"net/http"
	"net/netip"
	"testing"
)

// FuzzClient reads what proxies, and whoever writes like one, say of where a
// request comes from.
func FuzzClient(f *testing.F) {
	for _, text := range []string{"", ",", "10.0.0.1", "192.0.2.1, 10.0.0.1", "::ffff:10.0.0.1, fe80::1%eth0", "unknown", "192.0.2.1:80", "[::1]:80, 10.0.0.1"} {
		f.Add(text, "127.0.0.1:1")
	}
	f.Add("192.0.2.1", "@")
	trusted := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, forwarded, remote string) {
		r := &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {forwarded}}}
		client, ok := clientOf(trusted, r)
		if ok && !client.IsValid() {
			t.Errorf("%q of %q is %s", forwarded, remote, client)
		}
		if peer, err := netip.ParseAddrPort(remote); ok && (err != nil || !isIn(trusted, peer.Addr())) {
			t.Errorf("%q was believed", remote)
		}
	})
}
