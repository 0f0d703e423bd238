package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"pipecd/cmd/terminal"
	"pipecd/pkg/controlplane/auth"
)

func newHashPassword(e env) *cobra.Command {
	return &cobra.Command{
		Use:   "hash-password",
		Short: "Make the hash of a password for the configuration file",
		Long: `Read a password from the terminal or from standard input and print its bcrypt
hash, for spec.projects[].staticAdmin.passwordHash in the configuration file.`,
		Example: `  pipecd hash-password
  printf %s "$PASSWORD" | pipecd hash-password`,
		Args: args(),
		RunE: func(*cobra.Command, []string) error {
			password, err := readPassword(e, "Password: ")
			if err != nil {
				return err
			}
			hash, err := auth.HashPassword(password)
			if err != nil {
				return usagef("%s", err)
			}
			_, err = fmt.Fprintln(e.out, hash)
			return err
		},
	}
}

// readPassword asks on a terminal without showing what is typed, and else reads
// the first line of the input.
func readPassword(e env, prompt string) (string, error) {
	if f, ok := e.in.(*os.File); ok && terminal.Is(f) {
		_, _ = fmt.Fprint(e.err, prompt) // only a prompt
		typed, err := term.ReadPassword(int(f.Fd()))
		_, _ = fmt.Fprintln(e.err)
		if err != nil {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		return string(typed), nil
	}
	line, err := bufio.NewReader(io.LimitReader(e.in, maxSecretFile)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
