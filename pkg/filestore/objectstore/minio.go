package objectstore

import (
	"context"
	"net/http"
	"net/url"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"pipecd/pkg/model"
)

// MinIO is a bucket of MinIO or another store with the S3 API.
type MinIO struct {
	Endpoint      string // an http or https URL without a path
	Bucket        string
	AccessKeyFile string // both or none; none is an anonymous caller
	SecretKeyFile string
	CreateBucket  bool // when it is absent
}

// OpenMinIO opens the bucket and sees that it can be written to. Errors:
// model.CodeInvalid for settings that cannot work, model.CodePermissionDenied
// for keys the store refuses, model.CodeUnavailable when it does not answer.
func OpenMinIO(ctx context.Context, m MinIO) (*Store, error) {
	endpoint, err := url.Parse(m.Endpoint)
	if err != nil || endpoint.Host == "" || endpoint.Scheme != "http" && endpoint.Scheme != "https" || endpoint.Path != "" && endpoint.Path != "/" {
		return nil, model.Errorf(model.CodeInvalid, "the endpoint of the file store must be an http or https URL without a path, not %q", m.Endpoint)
	}
	keys, err := keysOf(m.AccessKeyFile, m.SecretKeyFile)
	if err != nil {
		return nil, err
	}
	transport := newTransport()
	return open(ctx, settings{
		host: endpoint.Host, secure: endpoint.Scheme == "https", bucket: m.Bucket, keys: keys,
		// MinIO is one region whatever its name; the library would ask for it first.
		region: "us-east-1", transport: transport, idle: transport.CloseIdleConnections,
		create: m.CreateBucket, lookup: minio.BucketLookupPath,
	})
}

// keysOf returns the credentials of two key files, or anonymous ones.
func keysOf(accessKeyFile, secretKeyFile string) (*credentials.Credentials, error) {
	if accessKeyFile == "" && secretKeyFile == "" {
		return credentials.NewStatic("", "", "", credentials.SignatureAnonymous), nil
	}
	files := &keyFiles{access: accessKeyFile, secret: secretKeyFile}
	if _, err := files.Retrieve(); err != nil {
		return nil, err
	}
	return credentials.New(files), nil
}

// newTransport has the limits of a control plane: few stores, many requests at once.
func newTransport() *http.Transport {
	const connections = 64
	t := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it is one
	t.MaxIdleConnsPerHost, t.MaxIdleConns = connections, connections
	t.DisableCompression = true // contents are what they are
	return t
}
