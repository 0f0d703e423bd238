package objectstore

import (
	"context"
	"net/http"
	"os"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"pipecd/pkg/model"
)

const (
	gcsHost  = "storage.googleapis.com"
	gcsScope = "https://www.googleapis.com/auth/devstorage.read_write"
)

// GCS is a bucket of Google Cloud Storage.
type GCS struct {
	Bucket string
	// CredentialsFile is a service account's key file. Without it and without
	// HMAC keys the machine's own account is used.
	CredentialsFile string
	// AccessKeyFile and SecretKeyFile are an HMAC key; both or none.
	AccessKeyFile string
	SecretKeyFile string

	// base is under the client's transport; tests put Google's host elsewhere with it.
	base http.RoundTripper
}

// OpenGCS opens the bucket and sees that it can be written to. Errors as OpenMinIO.
func OpenGCS(ctx context.Context, g GCS) (*Store, error) {
	idle := func() {}
	if g.base == nil {
		transport := newTransport()
		g.base, idle = transport, transport.CloseIdleConnections
	}
	keys, transport, err := g.access(ctx)
	if err != nil {
		return nil, err
	}
	return open(ctx, settings{
		host: gcsHost, secure: true, bucket: g.Bucket, region: "auto", keys: keys,
		transport: transport, idle: idle, google: true, lookup: minio.BucketLookupPath,
	})
}

// access returns how requests are signed: with an HMAC key, or not at all and
// sent with a bearer token.
func (g GCS) access(ctx context.Context) (*credentials.Credentials, http.RoundTripper, error) {
	if g.AccessKeyFile != "" || g.SecretKeyFile != "" {
		keys, err := keysOf(g.AccessKeyFile, g.SecretKeyFile)
		return keys, g.base, err
	}
	tokens, err := g.tokens(ctx)
	if err != nil {
		return nil, nil, err
	}
	return credentials.NewStatic("", "", "", credentials.SignatureAnonymous), &oauth2.Transport{Source: tokens, Base: g.base}, nil
}

// tokens are asked for over the same transport, and renewed in time.
func (g GCS) tokens(ctx context.Context) (oauth2.TokenSource, error) {
	// The source outlives ctx, which ends when the store is open.
	ctx = context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, &http.Client{Transport: g.base})
	if g.CredentialsFile == "" {
		found, err := google.FindDefaultCredentials(ctx, gcsScope)
		if err != nil {
			return nil, model.Wrap(model.CodeInvalid, err, "finding Google credentials for the file store: set config.credentialsFile")
		}
		return found.TokenSource, nil
	}
	content, err := os.ReadFile(g.CredentialsFile)
	if err != nil {
		return nil, model.Wrap(model.CodeInvalid, err, "reading the service account of the file store")
	}
	account, err := google.JWTConfigFromJSON(content, gcsScope)
	if err != nil { // its text may quote the file
		return nil, model.Errorf(model.CodeInvalid, "the file %s is not a service account's key in JSON", g.CredentialsFile)
	}
	return account.TokenSource(ctx), nil
}
