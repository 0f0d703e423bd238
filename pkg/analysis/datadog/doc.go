// Package datadog answers metric queries with Datadog's timeseries API, GET
// /api/v1/query, through Datadog's own client. It is an adapter of the port in
// package analysis.
//
// Read provider.go for a query's way out and back, answer.go for what an answer
// may look like and what is made of it, errors.go for what is made of refusals,
// address.go for where the service is and keys.go for the two keys it wants.
//
// Facts about the service that the code relies on:
//
//   - A point is [milliseconds since 1970, value]; the value may be null. The
//     time is that of the beginning of the bucket.
//   - Up to a range of one hour a query without .rollup() has buckets of 20
//     seconds, so looking back some minutes does not change the values.
//   - The field interval of a series is documented in milliseconds and sent in
//     seconds; it can be smaller than the distance of the points.
//   - An error may come with HTTP status 200, "status": "error" and no series.
//   - A rate limit is HTTP status 429 with X-RateLimit-Reset in seconds.
//
// The client library is used as it is, but not trusted: redirects are not
// followed (its key headers would go with them), answers are bounded, its own
// retries are off, a panic in it becomes an error, and the keys are blotted out
// of every text that leaves this package.
package datadog
