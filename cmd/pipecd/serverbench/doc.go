// Command serverbench measures the control plane as operators run it: on MariaDB
// and MinIO, which it starts itself on free loopback ports. It prints, as tables
// with their targets, how many calls a second it answers, what many idle agents
// cost, and how long pages take with much data. Client, control plane and
// databases share the machine.
//
//	make bench-server
//	go run ./cmd/pipecd/serverbench -only=calls -connections=16
package main
