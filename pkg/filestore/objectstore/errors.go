package objectstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/minio/minio-go/v7"

	"pipecd/pkg/model"
)

// absent reports whether the store says that there is no such object.
// XMinioParentIsObject: MinIO keeps no object below another one.
func absent(err error) bool {
	if err == nil {
		return false
	}
	code := minio.ToErrorResponse(err).Code
	return code == minio.NoSuchKey || code == "XMinioParentIsObject"
}

// coded is the one place where the store's errors become the project's.
func (s *Store) coded(err error, doing string) error {
	if err == nil {
		return nil
	}
	answer := minio.ToErrorResponse(err)
	doing += fmt.Sprintf(" (in %s)", s.place)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return model.Wrap(model.CodeUnavailable, err, doing)
	case errors.Is(err, errDamaged):
		return model.Wrap(model.CodeInternal, err, doing+": the object is damaged; restore it from a backup")
	case full(answer):
		return model.Wrap(model.CodeExhausted, err, doing+": the store is full; free space or raise the quota, and try again")
	case answer.Code == minio.NoSuchBucket:
		return model.Wrap(model.CodeUnavailable, err, doing+": the bucket is gone; create it again")
	case answer.StatusCode == http.StatusUnauthorized, answer.StatusCode == http.StatusForbidden:
		return model.Wrap(model.CodePermissionDenied, err, doing+
			": the store refuses the credentials; see that the keys are right and may list, read, write and delete objects of the bucket")
	case answer.Code == "XMinioObjectExistsAsDirectory", answer.Code == "XMinioParentIsObject":
		return model.Wrap(model.CodeInvalid, err, doing+": an object's path cannot also be a directory of other objects")
	case busy(answer), network(err):
		return model.Wrap(model.CodeUnavailable, err, doing+": the store does not answer now; see that it runs and that its address is right")
	default:
		return model.Wrap(model.CodeInternal, err, doing)
	}
}

func full(answer minio.ErrorResponse) bool {
	return answer.StatusCode == http.StatusInsufficientStorage || answer.Code == "XMinioStorageFull" || answer.Code == "XMinioAdminBucketQuotaExceeded"
}

func busy(answer minio.ErrorResponse) bool {
	return answer.StatusCode >= http.StatusInternalServerError || answer.StatusCode == http.StatusTooManyRequests ||
		answer.StatusCode == http.StatusRequestTimeout || answer.Code == "SlowDown"
}

// network reports whether no whole answer came.
func network(err error) bool {
	_, isNet := errors.AsType[net.Error](err)
	_, isOp := errors.AsType[*net.OpError](err)
	return isNet || isOp || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}
