// Package webapi answers pipecd.web.v1.WebService: what people do, through the
// web UI or the command line.
//
// All calls but Login and Logout come with a session (auth.UserFrom). A person
// sees the things of their project; those of another do not exist for them.
package webapi
