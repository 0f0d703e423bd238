// Package wire speaks AWS's protocols from the server's side: it decodes the
// JSON 1.1 requests of the container service into the SDK's own input types,
// encodes the SDK's output types back, reads Signature Version 4 credentials,
// and writes errors the way each protocol spells them.
//
// The SDK's types are used because they already are the complete shapes of the
// API; the codec here is independent of the SDK's, so a client that
// misunderstands the wire is not answered by its own misunderstanding. Member
// names on the wire are the Go field names with a small first letter, times are
// seconds since the epoch with a fraction.
//
// Signatures are read but not verified: the simulated cloud has no secrets to
// verify them with.
package wire
