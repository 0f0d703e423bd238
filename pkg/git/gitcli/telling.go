package gitcli

import (
	"regexp"
	"strings"
)

// maxTelling is the most bytes of the line that is quoted.
const maxTelling = 300

var (
	// chatter are lines that say nothing about the cause: progress, advice, and the last words git has for everything.
	chatter = regexp.MustCompile(`(?i)^(hint:|warning:|cloning into|from |@+$|please make sure you have the correct access rights|and the repository exists` +
		`|fatal: could not read from remote repository|fatal: the remote end hung up|fatal: early eof|fatal: fetch-pack: |it is also possible|someone could be|the fingerprint|add correct host key|offending ` +
		`|remote: (enumerating|counting|compressing|total|finding sources|resolving)|(receiving|resolving|remote: *$))`)
	// These lines name the cause, the most telling kind first.
	tellingCause  = regexp.MustCompile(`(?i)permission denied|host identification has changed|host key verification failed|host key is known|could not resolve|no space left`)
	tellingServer = regexp.MustCompile(`(?i)^(remote: )?ERROR:|^ssh: `)
	tellingGit    = regexp.MustCompile(`(?i)^(fatal|error):`)
	tellingRemote = regexp.MustCompile(`(?i)^remote:`)
)

// tellingLine picks the one line of what git and ssh printed that says why.
func tellingLine(stderr string) string {
	var useful, all []string
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		all = append(all, line)
		if !chatter.MatchString(line) {
			useful = append(useful, line)
		}
	}
	if len(useful) == 0 {
		useful = all
	}
	for _, kind := range []*regexp.Regexp{tellingCause, tellingServer, tellingGit, tellingRemote} {
		for _, line := range useful {
			if kind.MatchString(line) {
				return shorten(line)
			}
		}
	}
	if len(useful) == 0 {
		return ""
	}
	return shorten(useful[len(useful)-1]) // git says last why it failed
}

func shorten(line string) string {
	if len(line) <= maxTelling {
		return line
	}
	return strings.ToValidUTF8(line[:maxTelling], "") + "…"
}
