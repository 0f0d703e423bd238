// Package webapi answers pipecd.web.v1.WebService: what people do, through the
// web UI or the command line.
//
// All calls but Login and Logout come with a session (auth.UserFrom). A person
// sees the things of their project; those of another do not exist for them.
//
// # Lists
//
// What is shown around a row (an agent's name, the latest deployment) is read
// for the whole page at once; see surroundings and pipedViews. What agents
// remember for themselves in metadata is removed before it is shown.
//
// When a list changed, all browsers of the project are told, and ask for the same
// page at the same time: it is read once (pages.go).
//
// # Subscribe
//
// One goroutine serves a stream. Each topic has a follower. It looks when
// somebody notified it through the hub, or when a glance, a few small queries
// for all topics every two seconds, shows that another process wrote. A look
// reads the thing and returns an event if it differs from what was sent. There
// is no queue: while the client is slow nothing is looked at, and what changed
// meanwhile is one event. A log is sent a page after the other, taking turns
// with the other topics.
//
// Package server ends the streams with their session and when it stops.
//
// # Errors
//
// InField names the field of the request that is wrong; package server puts it,
// with the call's id, into the detail of the error.
package webapi
