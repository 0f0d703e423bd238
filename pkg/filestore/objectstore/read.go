package objectstore

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // what Google Cloud Storage answers with; it guards against damage, not against people
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/minio/minio-go/v7"

	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
)

// errDamaged is a content that is not what was written.
var errDamaged = errors.New("the content that arrived does not have the checksum it was written with")

// Get implements filestore.Store. A content that arrives broken is read again.
func (s *Store) Get(ctx context.Context, path string) ([]byte, error) {
	doing := "reading the object " + path
	if err := filestore.CheckPath(path); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, model.Wrap(model.CodeUnavailable, context.Cause(ctx), doing)
	}
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval = 50*time.Millisecond, time.Second
	content, err := backoff.Retry(ctx, func() ([]byte, error) { return s.get(ctx, path) },
		backoff.WithBackOff(waits), backoff.WithMaxTries(maxReads))
	switch {
	case absent(err):
		return nil, model.Errorf(model.CodeNotFound, "the object %s does not exist", path)
	case ctx.Err() != nil:
		return nil, model.Wrap(model.CodeUnavailable, context.Cause(ctx), doing)
	case err != nil:
		return nil, s.coded(err, doing)
	}
	if err := filestore.CheckSize(path, int64(len(content))); err != nil {
		return nil, err
	}
	return content, nil
}

// get reads the object once. An error of the request itself was retried by the
// library already and is permanent; a broken body is worth another request.
func (s *Store) get(ctx context.Context, path string) (content []byte, err error) {
	body, _, header, err := s.client.GetObject(ctx, s.bucket, path, minio.GetObjectOptions{})
	if err != nil {
		return nil, backoff.Permanent(err)
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	var buffer bytes.Buffer
	if _, err = buffer.ReadFrom(io.LimitReader(body, filestore.MaxObjectSize+1)); err != nil {
		return nil, err
	}
	if buffer.Len() <= filestore.MaxObjectSize && !intact(buffer.Bytes(), header) {
		return nil, errDamaged
	}
	return buffer.Bytes(), nil
}

// intact reports whether the content has the checksum that came with it. An
// object somebody else put there may have none.
func intact(content []byte, header http.Header) bool {
	if want := header.Get("X-Amz-Meta-" + checksumKey); want != "" {
		sum := sha256.Sum256(content)
		return strings.EqualFold(want, hex.EncodeToString(sum[:]))
	}
	for _, value := range header.Values("X-Goog-Hash") { // "crc32c=…,md5=…", or one header each
		for one := range strings.SplitSeq(value, ",") {
			if want, ok := strings.CutPrefix(strings.TrimSpace(one), "md5="); ok {
				sum := md5.Sum(content) //nolint:gosec // see the import
				return want == base64.StdEncoding.EncodeToString(sum[:])
			}
		}
	}
	return true
}
