// Package objectstore keeps objects in a bucket: MinIO or another store with
// the S3 API (OpenMinIO), Amazon S3 (OpenS3), Google Cloud Storage (OpenGCS).
//
// # Durability and integrity
//
// An object is written by one PUT with its MD5 and SHA-256, which the store
// compares before it answers; a reader sees the old or the new content whole.
// The SHA-256 is kept with the object (Google Cloud Storage answers with its
// own checksum) and compared when it is read: a content that arrives broken is
// read again, and is never returned.
//
// # Failures
//
// Requests that did not reach the store, or that it could not answer (5xx,
// throttling), are repeated with growing, jittered waits by the client library
// until the context ends or the attempts do. All requests may be repeated:
// writing the same content twice changes nothing.
//
// # Credentials
//
// Key files are read again when they change, so keys can be rotated without a
// restart. Amazon S3 takes the credential chain of the AWS SDK, Google Cloud
// Storage a service account's file, HMAC key files, or the machine's own account.
package objectstore
