package commandline

import (
	"strings"

	"github.com/spf13/cobra"
)

// Finish adds the commands that every program has, and the examples that their
// makers left out. It is called when all others are there.
func Finish(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	name := root.Name()
	examples := map[string]string{
		"help":                  "  NAME help\n  NAME help version",
		"completion":            "  source <(NAME completion bash)\n  NAME completion fish | source",
		"completion bash":       "  source <(NAME completion bash)\n  NAME completion bash > /etc/bash_completion.d/NAME",
		"completion zsh":        "  source <(NAME completion zsh)\n  NAME completion zsh > \"${fpath[1]}/_NAME\"",
		"completion fish":       "  NAME completion fish | source\n  NAME completion fish > ~/.config/fish/completions/NAME.fish",
		"completion powershell": "  NAME completion powershell | Out-String | Invoke-Expression",
	}
	Walk(root, func(c *cobra.Command) {
		path := strings.TrimPrefix(strings.TrimPrefix(c.CommandPath(), name), " ")
		if example := examples[path]; c.Example == "" && example != "" {
			c.Example = strings.ReplaceAll(example, "NAME", name)
		}
	})
}

// Walk calls do for a command and all below it.
func Walk(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, below := range c.Commands() {
		Walk(below, do)
	}
}
