// Package stagelog keeps the logs of stages in the filestore.
//
// Agents send a stage's log in batches and repeat them: after a lost answer,
// and in a checkpoint that holds everything since the last one. Every entry has
// an index that orders it and names it, so a repeat is recognised.
//
//	log/<deployment>/<stage>/<attempt>/<first>-<last>-<lines>-<bytes>-<digest>.jsonl
//	log/<deployment>/<stage>/<attempt>/done
//	log/<deployment>/<stage>/<attempt>/full
//
// A batch is written once and never changed: its name holds a digest of its
// content, so writing it again is harmless, two writers cannot disturb each
// other, and no lock is held while the filestore works. Entries that are known
// to be stored already are left out of a new batch. Readers merge the batches
// by index; the first batch in the order of names wins.
//
// The names alone tell how much a stage has written, so that the limits hold
// after a restart without reading the content. Each process judges the limits
// by what it has seen; several processes that write one log at the same moment
// can exceed them by a batch each.
//
// The object "done" says that the log is complete, "full" that the limit was
// reached and later entries were dropped.
package stagelog
