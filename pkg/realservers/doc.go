// Package realservers starts real MariaDB and MinIO servers for tests and
// benchmarks: on free loopback ports, with data directories of their own, and
// stopped with the test. A machine without the programs gets an error that says
// how to install them; nothing is installed from here.
package realservers
