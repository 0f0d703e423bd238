// Package commandline has what the command lines of both programs have in
// common: sentences about wrong flags, ports, examples, completion, and the
// warnings of configuration files.
package commandline
