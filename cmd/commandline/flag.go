package commandline

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pipecd/pkg/config"
)

// port is the value of a flag that takes a port.
type port int

const maxPort = 65535

// Port defines a flag that takes a port from 0 to 65535.
func Port(flags *pflag.FlagSet, target *int, name string, value int, usage string) {
	*target = value
	flags.Var((*port)(target), name, usage)
}

// Set implements pflag.Value.
func (p *port) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > maxPort {
		return errors.New("it must be a port from 0 to 65535")
	}
	*p = port(n)
	return nil
}

// String implements pflag.Value.
func (p *port) String() string { return strconv.Itoa(int(*p)) }

// Type implements pflag.Value.
func (*port) Type() string { return "int" }

// FlagError says in a sentence what is wrong with a flag, and which one was
// meant.
func FlagError(c *cobra.Command, err error) string {
	text := err.Error()
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		if near := config.Nearest(unknown.GetSpecifiedName(), flagNames(c)); near != "" {
			text += ", did you mean --" + near
		}
	}
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		text = fmt.Sprintf("--%s is %q; %s", invalid.GetFlag().Name, invalid.GetValue(), demand(invalid))
	}
	return fmt.Sprintf("%s; see `%s --help`", text, c.CommandPath())
}

// flagNames returns the flags that a command's help shows.
func flagNames(c *cobra.Command) []string {
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Deprecated == "" {
			names = append(names, f.Name)
		}
	})
	return names
}

// demand says what the flag takes. The causes that the flag package gives are
// those of Go's own parsers.
func demand(e *pflag.InvalidValueError) string {
	flag := e.GetFlag()
	if _, ok := flag.Value.(*port); ok {
		return e.Unwrap().Error()
	}
	switch flag.Value.Type() {
	case "int", "int32", "int64":
		return "it must be a whole number"
	case "duration":
		return "it must be a duration such as 30s or 5m"
	case "bool":
		return "it must be true or false"
	case "stringToString":
		return "it must be key=value"
	default:
		return e.Unwrap().Error()
	}
}

// Complete says to shells which words a flag takes.
func Complete(c *cobra.Command, flag string, words ...string) {
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that does not exist
}
