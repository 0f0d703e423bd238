// Package storestest has the tests of the programs, as an operator runs them, on
// real servers: the control plane's file of the guide, with only its addresses
// changed, on MariaDB and MinIO. `make test-stores` runs them.
package storestest
