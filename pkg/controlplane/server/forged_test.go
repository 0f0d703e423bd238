package server_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"pipecd/pkg/controlplane/server"
)

const sessionKey = "0123456789abcdef0123456789abcdef"

// resigned returns a session like the given one with some claims changed.
func resigned(t *testing.T, token string, method jwt.SigningMethod, key any, change func(jwt.MapClaims)) string {
	t.Helper()
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(token, claims); err != nil {
		t.Fatal(err)
	}
	change(claims)
	out, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A session that this server did not give, or that has ended, is none.
func TestForgedSessions(t *testing.T) {
	t.Parallel()
	w := setup(t)
	good, _ := strings.CutPrefix(w.cookie("dev"), "token=")
	other, _ := strings.CutPrefix(w.cookie("other"), "token=")
	same := func(jwt.MapClaims) {}
	hs := jwt.SigningMethodHS256
	part := func(token string, i int) string { return strings.Split(token, ".")[i] }
	claims := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(decoded(t, part(good, 1)), `"dev"`, `"other"`, 1)))
	for what, token := range map[string]string{
		"of another key":           resigned(t, good, hs, []byte("another key another key another!!"), same),
		"of an empty key":          resigned(t, good, hs, []byte{}, same),
		"without a signature":      resigned(t, good, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, same),
		"of another algorithm":     resigned(t, good, jwt.SigningMethodHS512, []byte(sessionKey), same),
		"that expired":             resigned(t, good, hs, []byte(sessionKey), func(c jwt.MapClaims) { c["exp"] = time.Now().Unix() - 1 }),
		"that never expires":       resigned(t, good, hs, []byte(sessionKey), func(c jwt.MapClaims) { delete(c, "exp") }),
		"of the future":            resigned(t, good, hs, []byte(sessionKey), func(c jwt.MapClaims) { c["nbf"] = time.Now().Add(time.Hour).Unix() }),
		"of another issuer":        resigned(t, good, hs, []byte(sessionKey), func(c jwt.MapClaims) { c["iss"] = "PipeCD" }),
		"without an id":            resigned(t, good, hs, []byte(sessionKey), func(c jwt.MapClaims) { delete(c, "jti") }),
		"of another password":      resigned(t, good, hs, []byte(sessionKey), func(c jwt.MapClaims) { c["pwd"] = "0000000000000000" }),
		"of a project that is not": resigned(t, good, hs, []byte(sessionKey), func(c jwt.MapClaims) { c["prj"] = "nowhere" }),
		"of another project":       part(good, 0) + "." + claims + "." + part(good, 2),
		"of two sessions":          part(good, 0) + "." + part(other, 1) + "." + part(good, 2),
		"with a changed signature": good[:len(good)-6] + "AAAAAA",
		"cut":                      good[:len(good)/2],
		"twice":                    good + "." + good,
	} {
		if got, err := w.askWeb("token="+token, "GetMe", ""); err == nil {
			t.Errorf("a session %s was taken: %s", what, got)
		}
	}
	for what, token := range map[string]string{
		"as it was given": good,
		"signed again":    resigned(t, good, hs, []byte(sessionKey), same), // so that the refusals above are for their reasons
		"of a replica whose clock is five minutes ahead": resigned(t, good, hs, []byte(sessionKey), func(c jwt.MapClaims) {
			c["iat"], c["nbf"] = time.Now().Add(5*time.Minute).Unix(), time.Now().Add(5*time.Minute).Unix()
		}),
	} {
		if _, err := w.askWeb("token="+token, "GetMe", ""); err != nil {
			t.Errorf("a session %s: %v", what, err)
		}
	}
	header := browser()
	header.Set("Cookie", "token="+good)
	if got := w.post("Logout", struct{}{}, header); got.StatusCode != http.StatusOK || got.Cookies()[0].MaxAge >= 0 {
		t.Errorf("logout: %s, %v", got.Status, got.Cookies())
	}
	if _, err := w.askWeb("token="+good, "GetMe", ""); err == nil {
		t.Error("a session was taken after its logout")
	}
}

func decoded(t *testing.T, part string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil || !strings.Contains(string(text), `"dev"`) {
		t.Fatalf("%s, %v", text, err)
	}
	return string(text)
}

// Who is refused for too many attempts is told how long to wait, in words and for
// programs.
func TestLoginSaysHowLongToWait(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var resp *http.Response
	for range 30 {
		resp = w.post("Login", map[string]string{"projectId": "dev", "username": "nobody", "password": "x"}, browser())
		if resp.StatusCode == http.StatusTooManyRequests {
			break
		}
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	after := resp.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(after); err != nil || seconds < 1 || seconds > 7 || !strings.Contains(string(text), "wait "+after+"s and try again") {
		t.Errorf("%s, Retry-After %q: %s", resp.Status, after, text)
	}
}

// Whose a request is says the proxy in front, but only one that is trusted, and
// only the part of the header that proxies wrote.
func TestAddressOfTheClient(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trusted   []string
		forwarded string
		want      string
	}{
		"nobody is trusted":    {nil, "192.0.2.7", "127.0.0.1"},
		"others are trusted":   {[]string{"10.0.0.0/8"}, "192.0.2.7", "127.0.0.1"},
		"one proxy":            {[]string{"127.0.0.1/32"}, "192.0.2.7", "192.0.2.7"},
		"what the client says": {[]string{"127.0.0.1/32"}, "198.51.100.1, 192.0.2.7", "192.0.2.7"},
		"two proxies":          {[]string{"127.0.0.0/8", "10.0.0.0/8"}, "198.51.100.1,192.0.2.7,10.1.2.3", "192.0.2.7"},
		"nothing":              {[]string{"127.0.0.0/8"}, "", "127.0.0.1"},
		"nonsense":             {[]string{"127.0.0.0/8"}, "192.0.2.7, x", "127.0.0.1"},
		"only proxies":         {[]string{"127.0.0.0/8", "10.0.0.0/8"}, "10.1.2.3", "10.1.2.3"},
		"version 6":            {[]string{"127.0.0.0/8"}, "2001:db8::1", "2001:db8::1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lockedBuffer
			w := setupWith(t, t.TempDir(), func(o *server.Options) {
				o.Logger = slog.New(slog.NewTextHandler(&log, nil))
				for _, network := range c.trusted {
					o.TrustedProxies = append(o.TrustedProxies, netip.MustParsePrefix(network))
				}
			})
			header := browser()
			header.Set("X-Forwarded-For", c.forwarded)
			w.post("Login", map[string]string{"projectId": "dev", "username": "nobody", "password": "x"}, header)
			if !strings.Contains(log.String(), "login.address="+c.want+" ") {
				t.Errorf("want %s: %s", c.want, log.String())
			}
		})
	}
}

// lockedBuffer is a buffer for a logger.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
