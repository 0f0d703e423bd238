// Package auth is the agents' credentials as they travel and as they are kept.
//
// Every call of an agent carries two metadata entries:
//
//	authorization: PIPED-TOKEN <projectID>,<pipedID>,<pipedKey>
//	pipecd-lease-epoch: <decimal>
//
// The first says who calls. The second says under which lease, so that a
// process that was superseded is refused; agents that know no lease leave it
// out. Both are the same on every service and under every path, also under the
// older path prefix `/pipe.api.service.<name>service.` that a server may accept
// as an alias.
//
// A key is 32 random bytes. It is not a password: nobody chose it, so a plain
// SHA-256 is enough to keep it by, and checking it costs nothing.
package auth
