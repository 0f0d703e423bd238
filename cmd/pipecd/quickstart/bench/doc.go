// Command bench measures the product as its users feel it: the two programs as
// processes of their own, a Git repository, and a simulated cloud that answers
// at once, so that what is left is our own time. It prints tables in Markdown,
// each with the target it is held against; a number that misses its target is
// marked and is no failure.
//
//	bench                       everything, with the defaults
//	bench -only=latency,idle    some of it
//	bench -apps=1,100           other numbers of applications
//
// Every part builds a world of its own (world.go) in a private directory on
// free loopback ports and removes it. A moment is taken where a user would
// take it: a push is over when `git push` returned, a SYNC begins when the
// click is sent; the first AWS call is when the cloud saw it.
package main
