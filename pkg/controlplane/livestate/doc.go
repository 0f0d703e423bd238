// Package livestate keeps the latest snapshot of what runs of an application, as
// its agent reported it.
//
//	application-live-state/<application>/<seconds>-<index>.binpb
//
// A snapshot is written once, under a name made of its version, and the older
// ones are removed afterwards. So two processes need no lock, a snapshot that
// arrives late never replaces a newer one, and a reader that finds its snapshot
// gone looks for the newer one. The content is the wire's message as it came.
package livestate
