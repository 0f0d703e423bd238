// Package notify tells parts of one control-plane process that something may
// have changed, so that a person's click reaches an agent, and an agent's
// report reaches a watcher, without waiting for the next poll.
//
// A notification carries nothing: whoever is woken reads the datastore, which
// is the only truth. That makes it safe to lose one (every subscriber also
// polls, because other processes write too), to merge several, and never to
// block the writer.
package notify
