// Package backup moves the whole state of a control plane into one file, and from
// there into stores of any kind.
//
// # The file
//
// A backup is a gzip stream of a tar archive, so that usual tools can look into
// it. Its entries come in this order:
//
//	pipecd-backup.json         format, program and time
//	data/TABLE/00000001.jsonl  rows, one JSON object on each line, about 1 MiB in an entry; tables in the order of their references
//	files/PATH                 objects of the file store, by path
//	end.json                   counts, and a SHA-256 of all that comes before
//
// A file without its end, or with another sum, is refused whole, before anything
// of it is stored: Restore reads it twice. Names in it are never used as paths on
// this machine. Neither writing nor reading needs memory for more than a few
// objects.
//
// The rows are of one moment (datastore.Transfer); the objects are read after
// them and may be newer.
package backup
