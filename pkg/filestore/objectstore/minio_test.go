package objectstore

import (
	"testing"

	"pipecd/pkg/filestore"
	"pipecd/pkg/filestore/filestoretest"
	"pipecd/pkg/model"
	"pipecd/pkg/realservers"
)

// TestRealMinIO runs the suite on a real server, and stops the server under the store.
//
//nolint:paralleltest // one step after the other: the second stops the server
func TestRealMinIO(t *testing.T) {
	dir := t.TempDir()
	server, err := realservers.StartMinIO(t.Context(), dir)
	if realservers.MayBeMissing(err) {
		t.Skip(err)
	}
	must(t, err)
	t.Cleanup(func() { must(t, server.Kill()) })
	access, secret, err := realservers.KeyFiles(dir)
	must(t, err)
	store, err := OpenMinIO(t.Context(), MinIO{
		Endpoint: server.Endpoint(), Bucket: "pipecd", AccessKeyFile: access, SecretKeyFile: secret, CreateBucket: true,
	})
	opened(t, store, err)
	t.Run("Conformance", func(t *testing.T) {
		filestoretest.Run(t, func(*testing.T) filestore.Store { return store })
	})
	t.Run("Restart", func(t *testing.T) {
		must(t, store.Put(t.Context(), "kept", []byte("x")))
		must(t, server.Kill())
		wants(t, store.Ping(t.Context()), model.CodeUnavailable, server.Endpoint())
		must(t, server.Start(t.Context()))
		got, err := store.Get(t.Context(), "kept")
		if must(t, err); string(got) != "x" {
			t.Errorf("after a restart: %q", got)
		}
	})
	t.Run("WrongKeys", func(t *testing.T) {
		_, err := OpenMinIO(t.Context(), MinIO{Endpoint: server.Endpoint(), Bucket: "pipecd", AccessKeyFile: secret, SecretKeyFile: access})
		wants(t, err, model.CodePermissionDenied, "credentials")
	})
}
