// Package auth says who a caller of the control plane is.
//
// # People
//
// A project has one static admin: a name and a bcrypt hash, in the
// configuration file or in the datastore. A login that fails always gets the
// same answer after the same work, whether the project, the name or the
// password was wrong; attempts are limited per account and per address, by each
// process for itself.
//
// A login gives a session: a JWT (HS256) signed with the server's key file. It
// names the project and the user and holds a fingerprint of the password's
// hash, so that changing the password ends every session. Who logs out ends the
// session everywhere: its id is remembered in the datastore until it would have
// expired. Servers may differ in their clocks by some minutes. It travels in the cookie SessionCookie, which scripts cannot read and
// other sites cannot send.
//
// # Agents
//
// Every call of an agent carries its key (see package rpc/auth), and each is
// checked: that costs a SHA-256.
//
// # How soon a change works
//
// What was read of the datastore about an agent, a project or a session is
// believed for half a second (package memo), unless this process is told of a change
// before: by its own hub at once, by those of other processes within a fraction
// of a second. So disabling an agent, removing a key, logging out and changing a
// password work within a second on every server, even if no server tells.
//
// Who called is in the context: PipedFrom and UserFrom.
package auth
