// Package sqlite is the embedded datastore: one file, no server, the default.
// Open is the way in; the SQL is that of package sqldb.
//
// # One writer
//
// All writing goes through one connection, in transactions that begin by taking
// the write lock. SQLite lets one writer in at a time anyway; a second
// connection would find out by polling, which burns real time. Reads have their
// own connections and, thanks to the write-ahead log, never wait for the writer.
//
// # What survives
//
// A call that returned is on the disk (synchronous=FULL: one fsync per
// commit), so neither a killed process nor a lost power supply takes it back.
//
// # One process
//
// The file belongs to one process: a lock on the file's name plus ".lock" is
// held while it is open and disappears with the process, however it ends. That
// is also what makes the process's clock the database's clock, by which leases
// expire.
//
// # Without a file
//
// Open with the path Memory keeps everything in memory on a single connection.
// It runs under testing/synctest: nothing in it waits on anything but channels
// and timers, and leases expire by the bubble's time. The store must be opened
// and closed inside the bubble.
package sqlite
