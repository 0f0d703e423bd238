package objectstore

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // Content-MD5 is what every store compares; it guards against damage, not against people
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
)

const (
	// Attempts of one request; with the library's waits (0.2 s doubling to 1 s, jittered) about three seconds.
	maxAttempts = 5
	// Attempts of reading an object whose content arrives broken.
	maxReads = 3
	// listPage is the most keys asked for at once; no store gives more.
	listPage = 1000
	// checksumKey is the user metadata with the content's SHA-256 in hex.
	checksumKey = "Pipecd-Sha256"
	// pingPrefix is where Ping writes. No object of the control plane begins with it.
	pingPrefix = ".ping/"
)

// Store is a filestore.Store in a bucket. It is safe for concurrent use, also
// by several processes.
type Store struct {
	client minio.Core
	bucket string
	google bool
	place  string // for sentences: "the bucket b at http://minio:9000"
	idle   func() // closes connections that are not in use
}

var _ filestore.Store = (*Store)(nil)

// settings are what the kinds of stores differ in.
type settings struct {
	host      string // host or host:port
	secure    bool
	bucket    string
	region    string
	keys      *credentials.Credentials
	transport http.RoundTripper
	idle      func()
	google    bool
	create    bool // the bucket when it is absent
	lookup    minio.BucketLookupType
}

// open makes the client and sees that the bucket is there and can be written to.
func open(ctx context.Context, set settings) (*Store, error) {
	scheme := "http://"
	if set.secure {
		scheme = "https://"
	}
	if err := s3utils.CheckValidBucketNameStrict(set.bucket); err != nil {
		return nil, model.Errorf(model.CodeInvalid, "the name of the bucket %q cannot be used: %w", set.bucket, err)
	}
	place := "the bucket " + set.bucket + " at " + scheme + set.host
	client, err := minio.NewCore(set.host, &minio.Options{
		Creds: set.keys, Secure: set.secure, Transport: set.transport, Region: set.region, MaxRetries: maxAttempts, BucketLookup: set.lookup,
	})
	if err != nil {
		return nil, model.Wrap(model.CodeInvalid, err, "preparing "+place)
	}
	client.SetAppInfo("pipecd", "")
	s := &Store{client: *client, bucket: set.bucket, google: set.google, place: place, idle: set.idle}
	if err := s.ready(ctx, set); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) ready(ctx context.Context, set settings) error {
	exists, err := s.client.BucketExists(ctx, s.bucket)
	if err != nil {
		return s.coded(err, "looking for the bucket")
	}
	if !exists && !set.create {
		return model.Errorf(model.CodeInvalid, "%s does not exist: create it, or correct its name", s.place)
	}
	if !exists {
		err := s.client.MakeBucket(ctx, s.bucket, minio.MakeBucketOptions{Region: set.region})
		if code := minio.ToErrorResponse(err).Code; err != nil && code != minio.BucketAlreadyOwnedByYou && code != minio.BucketAlreadyExists {
			return s.coded(err, "creating the bucket")
		}
	}
	return s.Ping(ctx)
}

// Put implements filestore.Store.
func (s *Store) Put(ctx context.Context, path string, content []byte) error {
	doing := "writing the object " + path
	if err := errors.Join(filestore.CheckPath(path), filestore.CheckSize(path, int64(len(content)))); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return model.Wrap(model.CodeUnavailable, context.Cause(ctx), doing)
	}
	return s.coded(s.put(ctx, path, content), doing)
}

func (s *Store) put(ctx context.Context, path string, content []byte) error {
	short, long := md5.Sum(content), sha256.Sum256(content) //nolint:gosec // see the import
	// Without DisableContentSha256 the library would sign the content piece by piece instead of with the sum it is given.
	options := minio.PutObjectOptions{ContentType: "application/octet-stream", DisableContentSha256: true}
	if !s.google { // which takes such names only with HMAC keys, and answers with its own checksum
		options.UserMetadata = map[string]string{checksumKey: hex.EncodeToString(long[:])}
	}
	_, err := s.client.PutObject(ctx, s.bucket, path, bytes.NewReader(content), int64(len(content)),
		base64.StdEncoding.EncodeToString(short[:]), hex.EncodeToString(long[:]), options)
	return err
}

// List implements filestore.Store.
func (s *Store) List(ctx context.Context, prefix, startAfter string, limit int) ([]string, error) {
	doing := "listing the objects that begin with " + prefix
	if err := filestore.CheckList(prefix, limit); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, model.Wrap(model.CodeUnavailable, context.Cause(ctx), doing)
	}
	if startAfter < prefix {
		startAfter = "" // everything with the prefix comes after it
	}
	var found []string
	options := minio.ListObjectsOptions{Prefix: prefix, StartAfter: startAfter, Recursive: true, MaxKeys: min(limit, listPage)}
	for object := range s.client.ListObjectsIter(ctx, s.bucket, options) {
		if object.Err != nil {
			return nil, s.coded(object.Err, doing)
		}
		if found = append(found, object.Key); len(found) == limit {
			break
		}
	}
	if ctx.Err() != nil {
		return nil, model.Wrap(model.CodeUnavailable, context.Cause(ctx), doing)
	}
	return found, nil
}

// Delete implements filestore.Store.
func (s *Store) Delete(ctx context.Context, path string) error {
	doing := "deleting the object " + path
	if err := filestore.CheckPath(path); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return model.Wrap(model.CodeUnavailable, context.Cause(ctx), doing)
	}
	err := s.client.RemoveObject(ctx, s.bucket, path, minio.RemoveObjectOptions{})
	if absent(err) {
		return nil
	}
	return s.coded(err, doing)
}

// Ping implements filestore.Store: it writes and removes an object.
func (s *Store) Ping(ctx context.Context) error {
	const doing = "trying whether the file store can be written to"
	if ctx.Err() != nil {
		return model.Wrap(model.CodeUnavailable, context.Cause(ctx), doing)
	}
	name := pingPrefix + rand.Text()
	if err := s.put(ctx, name, []byte("ping")); err != nil {
		return s.coded(err, doing)
	}
	return s.Delete(ctx, name)
}

// Close implements filestore.Store.
func (s *Store) Close() error {
	if s.idle != nil {
		s.idle()
	}
	return nil
}
