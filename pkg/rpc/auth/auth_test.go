package auth_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/auth"
)

func TestAuthorizationRoundTrip(t *testing.T) {
	t.Parallel()
	want := auth.PipedCredential{ProjectID: "quickstart", PipedID: "piped-1", Key: auth.NewKey()}
	value, err := want.Authorization()
	if err != nil {
		t.Fatal(err)
	}
	if value != "PIPED-TOKEN quickstart,piped-1,"+want.Key {
		t.Errorf("value = %q", value)
	}
	got, err := auth.ParsePiped(value)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAuthorizationTrimsTheKey(t *testing.T) {
	t.Parallel()
	value, err := auth.PipedCredential{ProjectID: "p", PipedID: "i", Key: " k\r\n"}.Authorization()
	if err != nil || value != "PIPED-TOKEN p,i,k" {
		t.Errorf("got %q, %v", value, err)
	}
}

func TestAuthorizationRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]auth.PipedCredential{
		"no project":     {PipedID: "i", Key: "k"},
		"no piped":       {ProjectID: "p", Key: "k"},
		"blank key":      {ProjectID: "p", PipedID: "i", Key: " \n"},
		"comma":          {ProjectID: "p,q", PipedID: "i", Key: "k"},
		"space in key":   {ProjectID: "p", PipedID: "i", Key: "sec ret"},
		"line break":     {ProjectID: "p", PipedID: "i\nx: y", Key: "k"},
		"outside ASCII":  {ProjectID: "プロジェクト", PipedID: "i", Key: "k"},
		"much too large": {ProjectID: "p", PipedID: "i", Key: strings.Repeat("k", 5000)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			value, err := c.Authorization()
			if model.CodeOf(err) != model.CodeInvalid {
				t.Fatalf("got %q, %v", value, err)
			}
			if strings.Contains(err.Error(), "sec") {
				t.Errorf("the sentence holds the key: %v", err)
			}
		})
	}
}

func TestParsePipedRefuses(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"", "PIPED-TOKEN", "PIPED-TOKEN ", "PIPED-TOKEN p,i", "PIPED-TOKEN p,i,", "PIPED-TOKEN ,i,k", "PIPED-TOKEN p,,k",
		"PIPED-TOKEN p,i,k,x", "PIPED-TOKEN  p,i,k", "PIPED-TOKEN p,i,k ", " PIPED-TOKEN p,i,k", "PIPED-TOKEN p, i,k",
		"API-KEY id.secret", "piped-token p,i,k", "PIPED-TOKEN\tp,i,k", "PIPED-TOKEN p,i,k\x00", "Bearer p,i,k",
		"PIPED-TOKEN p,i," + strings.Repeat("k", 5000),
	} {
		got, err := auth.ParsePiped(value)
		if model.CodeOf(err) != model.CodeUnauthenticated || got != (auth.PipedCredential{}) {
			t.Errorf("ParsePiped(%.40q) = %v, %v", value, got, err)
		}
	}
}

func TestCredentialIsNotPrinted(t *testing.T) {
	t.Parallel()
	c := auth.PipedCredential{ProjectID: "p", PipedID: "i", Key: "sesame"}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%v %+v %#v %s", c, c, c, c)
	slog.New(slog.NewJSONHandler(&out, nil)).InfoContext(t.Context(), "call", "agent", c)
	slog.New(slog.NewTextHandler(&out, nil)).InfoContext(t.Context(), "call", "agent", c)
	if strings.Contains(out.String(), "sesame") {
		t.Error(out.String())
	}
}

func TestEpoch(t *testing.T) {
	t.Parallel()
	for _, epoch := range []int64{1, 42, math.MaxInt64} {
		if got, err := auth.ParseEpoch(auth.FormatEpoch(epoch)); err != nil || got != epoch {
			t.Errorf("got %d, %v; want %d", got, err, epoch)
		}
	}
	if got, err := auth.ParseEpoch(""); err != nil || got != 0 {
		t.Errorf("absent: got %d, %v", got, err)
	}
	for _, value := range []string{"0", "-1", "+1", "01", " 1", "1 ", "x", "1.0", "9223372036854775808"} {
		if got, err := auth.ParseEpoch(value); model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("ParseEpoch(%q) = %d, %v", value, got, err)
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for range 100 {
		key := auth.NewKey()
		if len(key) != 43 || strings.ContainsAny(key, ", =+/") || seen[key] {
			t.Fatalf("bad key %q", key)
		}
		seen[key] = true
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	const want = "sha256$ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2, "abc"
	if got := auth.HashKey("abc"); got != want {
		t.Errorf("HashKey = %s", got)
	}
	for _, c := range []struct {
		hash, key string
		want      bool
	}{
		{want, "abc", true},
		{want, "abd", false},
		{want, "", false},
		{"", "abc", false},
		{strings.TrimPrefix(want, "sha256$"), "abc", false},
		{strings.ToUpper(want), "abc", false},
	} {
		if got := auth.VerifyKey(c.hash, c.key); got != c.want {
			t.Errorf("VerifyKey(%q, %q) = %v", c.hash, c.key, got)
		}
	}
}

func FuzzParsePiped(f *testing.F) {
	for _, s := range []string{"", "PIPED-TOKEN p,i,k", "PIPED-TOKEN p,i,k,l", "API-KEY a.b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		c, err := auth.ParsePiped(value)
		if err != nil {
			return
		}
		again, err := c.Authorization()
		if err != nil || again != value {
			t.Errorf("%q became %q, %v", value, again, err)
		}
	})
}
