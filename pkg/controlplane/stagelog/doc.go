// Package stagelog keeps the logs of stages: what is new in a journal in the
// datastore, the rest in the filestore.
//
// Agents send a stage's log in batches and repeat them: after a lost answer,
// and in a checkpoint that holds everything since the last one. Every entry has
// an index that orders it and names it, so a repeat is recognised.
//
// # Batches
//
// A batch is written once and never changed: its name holds a digest of its
// content, so writing it again is harmless, two writers cannot disturb each
// other, and no lock is held while a store works. Entries that are known to be
// stored already are left out of a new batch. Readers merge the batches of both
// stores by index; the first batch in the order of names wins.
//
//	<first>-<last>-<lines>-<bytes>-<digest>.jsonl
//	done
//	full
//
// These are the names of a log's records in the journal (datastore.LogJournal),
// where the log is <deployment>/<stage>/<attempt>, and, under
// log/<deployment>/<stage>/<attempt>/, of its objects in the filestore. The mark
// "done" says that the log is complete, "full" that the limit was reached and
// later entries were dropped.
//
// # Writing
//
// A call is answered when its entries, with the marks that belong to them, are
// committed to the journal. Calls that come while a commit is under way share the
// next one; a call that comes alone waits for nobody. The filestore is not asked
// about a log that this process knows, and once about one that it does not know;
// when it does not answer, the log goes on without, and what the filestore would
// have told is found out later: until then repeats of what is there may be stored
// a second time, which is harmless.
//
// That another process ended the log, the journal says instead of storing the
// entries; what comes at the same moment as the end may still be stored. It remembers an end for longer (endKept) than a
// process trusts what it knows (tallyLife): whoever looks again finds the end in
// the filestore.
//
// The names alone tell how much a stage has written, so that the limits hold
// after a restart without reading the content. Each process judges the limits
// by what it has seen; several processes that write one log at the same moment
// can exceed them by a batch each.
//
// # Moving
//
// What the journal has of a log is moved to the filestore, as few large objects,
// by the process that sees it end or become large, and otherwise when it is old,
// by the process that does the background work. A move reads the records, puts
// those entries that no object has into objects, then the marks, "done" last, and
// only then settles exactly the records that it read. So
//
//   - a move that is cut off anywhere is done again from the start, and finds what
//     was put before;
//   - two moves at once put the same entries, at worst twice in objects with
//     different names, and a record is only removed by one that has put it;
//   - while the filestore is away everything stays in the journal. When more waits
//     there than may, new entries are refused with a sentence that says why, and
//     agents keep them and try again.
//
// # Reading while a log is moved
//
// A reader reads the journal first, in one statement, and then lists the objects.
// Every entry acknowledged before the first step is then in the journal as it was
// read, or its record was settled before; then its object had been put before, and
// the listing, which begins later, has it. An entry that is in both is shown once.
// The other order would have a hole: an entry could be moved between a listing
// that does not have it yet and a journal that does not have it any more.
//
// Who sees that a log is complete sees all of it: the end is committed to the
// journal with the last entries or after them, and put into the filestore after all
// objects. A listing is not of one moment, so it may show "done" and have passed
// the place of an object that was put before; when only the listing shows that the
// log ended, it is done once more.
package stagelog
