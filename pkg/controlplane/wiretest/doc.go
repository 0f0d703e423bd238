// Package wiretest speaks a gRPC wire from tables of field numbers, without
// generated code. Tests use it to hold a server to a contract as the other side
// knows it: a number that is wrong in our own proto files is wrong in nothing
// that is generated from them, but it is wrong here.
//
// A Message (table.go) is a table of fields; Encode and Decode (codec.go)
// translate a Value by it, and Decode refuses what the table does not have. A
// Client (client.go) frames messages as gRPC does on plaintext HTTP/2.
//
// The package's own tests hold tables of PipedService, run every call of it, break
// every rule of every request, and replay what agents of two versions do.
package wiretest
