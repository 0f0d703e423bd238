package objectstore

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"pipecd/pkg/filestore"
	"pipecd/pkg/filestore/filestoretest"
	"pipecd/pkg/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func serve(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

func minioAt(t *testing.T, url string) MinIO {
	t.Helper()
	return MinIO{Endpoint: url, Bucket: "pipecd", AccessKeyFile: write(t, "access", "key\n"), SecretKeyFile: write(t, "secret", "secret\n")}
}

func opened(t *testing.T, store *Store, err error) *Store {
	t.Helper()
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	return store
}

func TestMinIO(t *testing.T) {
	t.Parallel()
	server := serve(t, newFake("pipecd"))
	store, err := OpenMinIO(t.Context(), minioAt(t, server.URL))
	opened(t, store, err)
	filestoretest.Run(t, func(*testing.T) filestore.Store { return store })
}

func TestS3(t *testing.T) {
	far := newFake("pipecd")
	far.refuse = signedBy(t, "Credential=AKID/")
	server := serve(t, far)
	t.Setenv("AWS_ENDPOINT_URL_S3", server.URL)
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	store, err := OpenS3(t.Context(), S3{
		Bucket: "pipecd", Region: "ap-northeast-1", Profile: "prod",
		CredentialsFile: write(t, "credentials", "[prod]\naws_access_key_id = AKID\naws_secret_access_key = SECRET\n"),
	})
	opened(t, store, err)
	filestoretest.Run(t, func(*testing.T) filestore.Store { return store })
}

// TestS3FileBeforeTheEnvironment: keys of the environment do not stand in for
// those of the file that is named.
func TestS3FileBeforeTheEnvironment(t *testing.T) {
	far := newFake("pipecd")
	far.refuse = signedBy(t, "Credential=AKID/")
	t.Setenv("AWS_ENDPOINT_URL_S3", serve(t, far).URL)
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_ACCESS_KEY_ID", "SOMEBODY")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "ELSE")
	store, err := OpenS3(t.Context(), S3{
		Bucket: "pipecd", Region: "ap-northeast-1",
		CredentialsFile: write(t, "credentials", "[default]\naws_access_key_id = AKID\naws_secret_access_key = SECRET\n"),
	})
	opened(t, store, err)
}

// TestS3FileWithoutKeys: a credentials file that does not hold what is meant is
// refused, and nobody else's credentials are tried.
func TestS3FileWithoutKeys(t *testing.T) {
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_ACCESS_KEY_ID", "SOMEBODY")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "ELSE")
	for name, content := range map[string]string{"another profile": "[prod]\naws_access_key_id = A\naws_secret_access_key = B\n", "no keys": "[default]\nregion = eu-west-1\n", "empty": ""} {
		file := write(t, "credentials", content)
		_, err := OpenS3(t.Context(), S3{Bucket: "pipecd", Region: "eu-west-1", CredentialsFile: file})
		if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// signedBy refuses requests whose Authorization does not have the text.
func signedBy(t *testing.T, text string) func(http.ResponseWriter, *http.Request) bool {
	t.Helper()
	return func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.Header.Get("Authorization"), text) {
			return false
		}
		refusal(w, r, http.StatusForbidden, "AccessDenied")
		return true
	}
}

// elsewhere sends what is meant for Google to the server.
func elsewhere(t *testing.T, server *httptest.Server) *http.Transport {
	t.Helper()
	transport := newTransport()
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, ServerName: "example.com", MinVersion: tls.VersionTLS12}
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, server.Listener.Addr().String())
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// serviceAccount is a key file whose tokens the server gives.
func serviceAccount(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	block := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	file, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "pipecd@project.example", "private_key": string(block),
		"private_key_id": "1", "token_uri": "https://oauth2.googleapis.com/token",
	})
	must(t, err)
	return write(t, "account.json", string(file))
}

func googleAt(t *testing.T, far *fake) (*httptest.Server, *http.Transport) {
	t.Helper()
	far.google = true
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, err := w.Write([]byte(`{"access_token":"granted","token_type":"Bearer","expires_in":3600}`))
		must(t, err)
	})
	mux.Handle("/pipecd/", far)
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	return server, elsewhere(t, server)
}

func TestGCS(t *testing.T) {
	t.Parallel()
	for name, made := range map[string]func(t *testing.T) (GCS, string){
		"service account": func(t *testing.T) (GCS, string) {
			t.Helper()
			return GCS{CredentialsFile: serviceAccount(t)}, "Bearer granted"
		},
		"HMAC key": func(t *testing.T) (GCS, string) {
			t.Helper()
			return GCS{AccessKeyFile: write(t, "access", "GOOG1"), SecretKeyFile: write(t, "secret", "x")}, "GOOG1"
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			far := newFake("pipecd")
			_, transport := googleAt(t, far)
			gcs, signature := made(t)
			far.refuse = signedBy(t, signature)
			gcs.Bucket, gcs.base = "pipecd", transport
			store, err := OpenGCS(t.Context(), gcs)
			opened(t, store, err)
			filestoretest.Run(t, func(*testing.T) filestore.Store { return store })
		})
	}
}

func TestTheBucketIsMadeWhenAskedFor(t *testing.T) {
	t.Parallel()
	far := newFake("pipecd")
	far.exists = false
	server := serve(t, far)
	set := minioAt(t, server.URL)
	_, err := OpenMinIO(t.Context(), set)
	wants(t, err, model.CodeInvalid, "bucket pipecd", "does not exist")
	set.CreateBucket = true
	for range 2 { // the second finds it
		store, err := OpenMinIO(t.Context(), set)
		must(t, opened(t, store, err).Put(t.Context(), "a", []byte("x")))
	}
}

func wants(t *testing.T, err error, code model.Code, words ...string) {
	t.Helper()
	if model.CodeOf(err) != code {
		t.Errorf("the error %v has code %q, want %q", err, model.CodeOf(err), code)
	}
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("the error %v does not say %q", err, word)
		}
	}
}

func TestRefusedSettings(t *testing.T) {
	t.Parallel()
	server := serve(t, newFake("pipecd"))
	good := minioAt(t, server.URL)
	for name, change := range map[string]func(*MinIO){
		"is not a URL":    func(m *MinIO) { m.Endpoint = "minio:9000" },
		"has a path":      func(m *MinIO) { m.Endpoint = server.URL + "/x" },
		"no key file":     func(m *MinIO) { m.AccessKeyFile = "/nowhere/key" },
		"one file":        func(m *MinIO) { m.SecretKeyFile = "" },
		"an empty key":    func(m *MinIO) { m.SecretKeyFile = write(t, "empty", "\n") },
		"two lines":       func(m *MinIO) { m.SecretKeyFile = write(t, "two", "a\nb\n") },
		"another bucket":  func(m *MinIO) { m.Bucket = "other" },
		"no bucket name":  func(m *MinIO) { m.Bucket = "" },
		"a name too long": func(m *MinIO) { m.Bucket = strings.Repeat("x", 64) },
	} {
		set := good
		change(&set)
		if _, err := OpenMinIO(t.Context(), set); model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("%s: %v has code %q", name, err, model.CodeOf(err))
		}
	}
	_, err := OpenGCS(t.Context(), GCS{Bucket: "pipecd", CredentialsFile: write(t, "account.json", `{"private_key": "top secret"`)})
	wants(t, err, model.CodeInvalid, "account.json")
	if strings.Contains(err.Error(), "top secret") {
		t.Errorf("the error has the key: %v", err)
	}
}

// TestFailuresAreToldApart: each answer of a store has its code and its sentence.
func TestFailuresAreToldApart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status     int
		word       string
		code       model.Code
		says       string
		wantsTries bool
	}{
		{http.StatusForbidden, "AccessDenied", model.CodePermissionDenied, "credentials", false},
		{http.StatusInsufficientStorage, "XMinioStorageFull", model.CodeExhausted, "free space", false},
		{http.StatusNotFound, "NoSuchBucket", model.CodeUnavailable, "the bucket is gone", false},
		{http.StatusServiceUnavailable, "SlowDown", model.CodeUnavailable, "does not answer", true},
		{http.StatusBadRequest, "BadDigest", model.CodeInternal, "writing the object a", false},
	} {
		far := newFake("pipecd")
		store, err := OpenMinIO(t.Context(), minioAt(t, serve(t, far).URL))
		opened(t, store, err)
		far.set(func(f *fake) {
			f.refuse = func(w http.ResponseWriter, r *http.Request) bool { refusal(w, r, c.status, c.word); return true }
			clear(f.calls)
		})
		wants(t, store.Put(t.Context(), "a", []byte("x")), c.code, c.says, "the bucket pipecd at http://")
		far.set(func(f *fake) {
			if tries := f.calls["PUT object"]; (tries > 1) != c.wantsTries {
				t.Errorf("%s was tried %d times", c.word, tries)
			}
		})
	}
}

func TestABriefFailureIsNotNoticed(t *testing.T) {
	t.Parallel()
	far := newFake("pipecd")
	store, err := OpenMinIO(t.Context(), minioAt(t, serve(t, far).URL))
	opened(t, store, err)
	far.set(func(f *fake) {
		left := 2
		f.refuse = func(w http.ResponseWriter, r *http.Request) bool {
			if left--; left >= 0 {
				refusal(w, r, http.StatusServiceUnavailable, "SlowDown")
			}
			return left >= 0
		}
	})
	must(t, store.Put(t.Context(), "a", []byte("x")))
}

// TestDamageIsNoticed: a content that arrives broken is read again, and one
// that stays broken is no content.
func TestDamageIsNoticed(t *testing.T) {
	t.Parallel()
	for _, google := range []bool{false, true} {
		far := newFake("pipecd")
		store, err := OpenMinIO(t.Context(), minioAt(t, serve(t, far).URL))
		opened(t, store, err)
		far.set(func(f *fake) { f.google, store.google = google, google })
		must(t, store.Put(t.Context(), "a", []byte("what was written")))
		times := 1
		spoil := func(content []byte) []byte {
			if times--; times >= 0 {
				content[3] ^= 1
			}
			return content
		}
		far.set(func(f *fake) { f.spoil = spoil })
		if got, err := store.Get(t.Context(), "a"); err != nil || string(got) != "what was written" {
			t.Errorf("after one broken answer: %q, %v", got, err)
		}
		far.set(func(*fake) { times = 100 })
		_, err = store.Get(t.Context(), "a")
		wants(t, err, model.CodeInternal, "damaged", "object a")
	}
}

func TestKeysAreReadAgain(t *testing.T) {
	t.Parallel()
	far := newFake("pipecd")
	far.refuse = signedBy(t, "Credential=old/")
	set := minioAt(t, serve(t, far).URL)
	set.AccessKeyFile = write(t, "access", "old")
	store, err := OpenMinIO(t.Context(), set)
	opened(t, store, err)
	far.set(func(f *fake) { f.refuse = signedBy(t, "Credential=new/") })
	must(t, os.WriteFile(set.AccessKeyFile, []byte("new"), 0o600))
	must(t, os.Chtimes(set.AccessKeyFile, time.Time{}, time.Now().Add(time.Minute)))
	must(t, store.Put(t.Context(), "a", nil))
}

func TestAStoreThatIsNotThere(t *testing.T) {
	t.Parallel()
	var listen net.ListenConfig
	listener, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	address := listener.Addr().String()
	must(t, listener.Close())
	_, err = OpenMinIO(t.Context(), minioAt(t, "http://"+address))
	wants(t, err, model.CodeUnavailable, "does not answer", address)
}
