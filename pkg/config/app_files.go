package config

import (
	"regexp"
	"slices"
)

// SealedSecret is a sealed secret of v0.34.
type SealedSecret struct {
	Path        string `yaml:"path,omitempty"`
	OutFilename string `yaml:"outFilename,omitempty"`
	OutDir      string `yaml:"outDir,omitempty"`
}

// Encryption decrypts secrets into files of the application.
type Encryption struct {
	EncryptedSecrets  map[string]string `yaml:"encryptedSecrets,omitempty"`
	DecryptionTargets []string          `yaml:"decryptionTargets,omitempty"`
}

// Attachment inserts files into files of the application.
type Attachment struct {
	Sources map[string]string `yaml:"sources,omitempty"` // name to path, relative to the application's directory
	Targets []string          `yaml:"targets,omitempty"`
}

// AppNotification says whom to mention.
type AppNotification struct {
	Mentions []Mention `yaml:"mentions,omitempty"`
}

// Mention is who is mentioned at an event.
type Mention struct {
	Event       EventName `yaml:"event" config:"required"` // an event's name, or * for all
	Slack       []string  `yaml:"slack,omitempty"`         // deprecated name of slackusers
	SlackUsers  []string  `yaml:"slackusers,omitempty"`
	SlackGroups []string  `yaml:"slackgroups,omitempty"`
	Email       []string  `yaml:"email,omitempty"`
}

// AppEventWatcher writes the value of an event into files of the application.
type AppEventWatcher struct {
	Matcher EventMatcher `yaml:"matcher"`
	Handler EventHandler `yaml:"handler"`
}

// EventMatcher selects events.
type EventMatcher struct {
	Name   string            `yaml:"name" config:"required"`
	Labels map[string]string `yaml:"labels,omitempty"`
}

// EventHandlerType is what is done with an event.
type EventHandlerType string

// EventGitUpdate commits to the repository; the only type.
const EventGitUpdate EventHandlerType = "GIT_UPDATE"

func (EventHandlerType) allowed() []string { return []string{string(EventGitUpdate)} }

// EventHandler is what is done with an event.
type EventHandler struct {
	Type   EventHandlerType `yaml:"type" config:"required"`
	Config EventGitConfig   `yaml:"config"`
}

// EventGitConfig is the commit that is made.
type EventGitConfig struct {
	CommitMessage   string             `yaml:"commitMessage,omitempty"`   // a Go template; by default a sentence is made
	MakePullRequest bool               `yaml:"makePullRequest,omitempty"` // defaults to false
	Replacements    []EventReplacement `yaml:"replacements,omitempty"`
}

// EventReplacement is one place in a file.
type EventReplacement struct {
	File      string `yaml:"file" config:"required"` // relative to the application's directory
	YAMLField string `yaml:"yamlField,omitempty"`    // such as $.a.b[0]
	JSONField string `yaml:"jsonField,omitempty"`
	HCLField  string `yaml:"HCLField,omitempty"`
	Regex     string `yaml:"regex,omitempty"` // its first group is replaced
}

func (e *Encryption) finish(d *document, path string) {
	checkPairs(d, path+".encryptedSecrets", e.EncryptedSecrets)
	if len(e.DecryptionTargets) == 0 {
		d.Errorf(path+".decryptionTargets", "expected at least one file, found none")
	}
}

func (a *Attachment) finish(d *document, path string) {
	checkPairs(d, path+".sources", a.Sources)
	if len(a.Targets) == 0 {
		d.Errorf(path+".targets", "expected at least one file, found none")
	}
}

// checkPairs checks that neither keys nor values are empty.
func checkPairs(d *document, path string, pairs map[string]string) {
	for key, value := range pairs {
		if key == "" || value == "" {
			d.Errorf(fieldPath(path, key), "expected a name with a value, found an empty one")
		}
	}
}

func (n *AppNotification) finish(d *document, path string) {
	for i, m := range n.Mentions {
		at := indexPath(path+".mentions", i)
		if m.Event != "" && m.Event != "*" && !slices.Contains(eventNames(), string(m.Event)) {
			d.Errorf(at+".event", "expected * or the name of an event, found %s", quote(string(m.Event))).
				hintf("%s", didYouMean(string(m.Event), eventNames()))
		}
	}
}

func (w *AppEventWatcher) finish(d *document, path string) {
	if len(w.Handler.Config.Replacements) == 0 {
		d.Warnf(path+".handler.config.replacements", "without replacements the handler changes nothing")
	}
	for i, r := range w.Handler.Config.Replacements {
		at := indexPath(path+".handler.config.replacements", i)
		selectors := 0
		for _, s := range []string{r.YAMLField, r.JSONField, r.HCLField, r.Regex} {
			if s != "" {
				selectors++
			}
		}
		if selectors != 1 {
			d.Errorf(at, "expected one of yamlField, jsonField, HCLField and regex, found %d", selectors)
		}
		if _, err := regexp.Compile(r.Regex); err != nil {
			d.Errorf(at+".regex", "expected a regular expression, found %s", quote(r.Regex)).hintf("%v", err)
		}
	}
}
