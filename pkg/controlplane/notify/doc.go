// Package notify tells those who wait that something may have changed, so that a
// person's click reaches an agent, and an agent's report reaches a watcher,
// without waiting for the next poll. A Hub connects the parts of one process;
// package relay connects the hubs of several.
//
// A notification carries nothing: whoever is woken reads the datastore, which
// is the only truth. That makes it safe to lose one (every subscriber also
// polls, if seldom), to merge several, and never to block the writer. It is
// given after the change was committed, or the reader might find the old state.
package notify
