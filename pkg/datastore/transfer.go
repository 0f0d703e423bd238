package datastore

import "context"

// Record is one row of the state in a form that all adapters have in common.
type Record struct {
	// Table says what the row is part of. Records come one table after the other, in an order in which a row's
	// references come before it.
	Table string
	// Data is one JSON object, without line ends. It has ids, times, versions and epochs as they are stored.
	Data []byte
}

// Transfer moves the whole state from one store to another.
type Transfer interface {
	// Export calls put with every record of one moment, in an order that depends on nothing but the content: two
	// stores with the same state give the same records. Other calls go on meanwhile. put must not call the store. An
	// error of put ends the export and is returned as it is.
	Export(ctx context.Context, put func(Record) error) error
	// BeginImport makes ready to take the records of an Export. CodeFailedPrecondition when the store holds anything,
	// or another import is under way. From then on nobody can open the store, also if this process is killed, until the
	// import is finished or abandoned.
	BeginImport(ctx context.Context) (Import, error)
}

// Import fills an empty store. It is for one goroutine.
type Import interface {
	// Put takes the next record. It may be written later. CodeInvalid for one that is out of order or that this program
	// does not know.
	Put(ctx context.Context, r Record) error
	// Finish writes what Put kept back and opens the store to others. After an error the import is to be abandoned.
	Finish(ctx context.Context) error
	// Abandon removes everything again.
	Abandon(ctx context.Context) error
}
