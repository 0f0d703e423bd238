package config

import (
	"slices"
)

// EventName is the name of a notification event or of a group of events,
// without the prefix EVENT_.
type EventName string

// eventNames returns the events that can be notified about.
func eventNames() []string {
	return []string{
		"DEPLOYMENT_TRIGGERED", "DEPLOYMENT_PLANNED", "DEPLOYMENT_APPROVED", "DEPLOYMENT_ROLLING_BACK",
		"DEPLOYMENT_SUCCEEDED", "DEPLOYMENT_FAILED", "DEPLOYMENT_CANCELLED", "DEPLOYMENT_WAIT_APPROVAL",
		"DEPLOYMENT_TRIGGER_FAILED", "DEPLOYMENT_STARTED",
		"APPLICATION_SYNCED", "APPLICATION_OUT_OF_SYNC", "APPLICATION_HEALTHY",
		"PIPED_STARTED", "PIPED_STOPPED",
		"STAGE_STARTED", "STAGE_SKIPPED", "STAGE_SUCCEEDED", "STAGE_FAILED", "STAGE_CANCELLED",
	}
}

// Notifications says which events are sent where.
type Notifications struct {
	Routes    []NotificationRoute    `yaml:"routes,omitempty"`
	Receivers []NotificationReceiver `yaml:"receivers,omitempty"`
}

// NotificationRoute selects events for a receiver. All conditions must hold; a
// condition to ignore wins.
type NotificationRoute struct {
	Name         string            `yaml:"name,omitempty"`
	Receiver     string            `yaml:"receiver" config:"required"`
	Events       []EventName       `yaml:"events,omitempty"`
	IgnoreEvents []EventName       `yaml:"ignoreEvents,omitempty"`
	Groups       []EventName       `yaml:"groups,omitempty"`
	IgnoreGroups []EventName       `yaml:"ignoreGroups,omitempty"`
	Apps         []string          `yaml:"apps,omitempty"`
	IgnoreApps   []string          `yaml:"ignoreApps,omitempty"`
	Labels       map[string]string `yaml:"labels,omitempty"`
	IgnoreLabels map[string]string `yaml:"ignoreLabels,omitempty"`
	Envs         []string          `yaml:"envs,omitempty"`       // of v0.34
	IgnoreEnvs   []string          `yaml:"ignoreEnvs,omitempty"` // of v0.34
}

// NotificationReceiver is where events are sent: to Slack or to a webhook.
type NotificationReceiver struct {
	Name    string           `yaml:"name" config:"required"`
	Slack   *SlackReceiver   `yaml:"slack,omitempty"`
	Webhook *WebhookReceiver `yaml:"webhook,omitempty"`
}

// SlackReceiver is a Slack channel, reached by an incoming webhook (HookURL) or
// by the API (ChannelID and one form of the token).
type SlackReceiver struct {
	HookURL           Secret   `yaml:"hookURL,omitempty"`
	OAuthToken        Secret   `yaml:"oauthToken,omitempty"`     // deprecated
	OAuthTokenData    Secret   `yaml:"oauthTokenData,omitempty"` // base64
	OAuthTokenFile    string   `yaml:"oauthTokenFile,omitempty"`
	ChannelID         string   `yaml:"channelID,omitempty"`
	MentionedAccounts []string `yaml:"mentionedAccounts,omitempty"`
	MentionedGroups   []string `yaml:"mentionedGroups,omitempty"`
}

// WebhookReceiver is a URL that events are posted to.
type WebhookReceiver struct {
	URL                Secret `yaml:"url" config:"required"`
	SignatureKey       string `yaml:"signatureKey,omitempty"` // a header's name; defaults to PipeCD-Signature
	SignatureValue     Secret `yaml:"signatureValue,omitempty"`
	SignatureValueFile string `yaml:"signatureValueFile,omitempty"`
}

func (n *Notifications) finish(d *document, path string) {
	names := make([]string, 0, len(n.Receivers))
	used := map[string]string{}
	for i, r := range n.Receivers {
		at := indexPath(path+".receivers", i)
		if r.Name != "" {
			d.unique(used, r.Name, at+".name")
			names = append(names, r.Name)
		}
		r.finish(d, at)
	}
	for i, r := range n.Routes {
		r.finish(d, indexPath(path+".routes", i), names)
	}
}

func (r *NotificationRoute) finish(d *document, path string, receivers []string) {
	if r.Receiver != "" && !slices.Contains(receivers, r.Receiver) {
		d.Errorf(path+".receiver", "expected the name of a receiver, found %s", quote(r.Receiver)).
			hintf("%s", didYouMean(r.Receiver, receivers))
	}
	groups := []string{"DEPLOYMENT", "APPLICATION_SYNC", "APPLICATION_HEALTH", "PIPED", "STAGE"}
	checkEvents(d, path+".events", r.Events, eventNames())
	checkEvents(d, path+".ignoreEvents", r.IgnoreEvents, eventNames())
	checkEvents(d, path+".groups", r.Groups, groups)
	checkEvents(d, path+".ignoreGroups", r.IgnoreGroups, groups)
}

// checkEvents warns about a name that no event has: such a route matches less
// than was meant, but files with one always loaded.
func checkEvents(d *document, path string, events []EventName, known []string) {
	for i, e := range events {
		if !slices.Contains(known, string(e)) {
			d.Warnf(indexPath(path, i), "no event has the name %s", quote(string(e))).hintf("%s", didYouMean(string(e), known))
		}
	}
}

func (r *NotificationReceiver) finish(d *document, path string) {
	if r.Slack == nil && r.Webhook == nil {
		d.Warnf(path, "the receiver has neither slack nor webhook, so nothing is sent")
	}
	if r.Slack != nil {
		r.Slack.finish(d, path+".slack")
	}
	if r.Webhook != nil {
		d.atMostOne(path+".webhook", "signatureValue", "signatureValueFile")
		stringDefault(&r.Webhook.SignatureKey, "PipeCD-Signature")
	}
}

func (s *SlackReceiver) finish(d *document, path string) {
	tokens := 0
	for _, name := range []string{"oauthToken", "oauthTokenData", "oauthTokenFile"} {
		if d.has(fieldPath(path, name)) {
			tokens++
		}
	}
	usesAPI := tokens > 0 || s.ChannelID != ""
	switch {
	case s.HookURL != "" && usesAPI:
		d.Errorf(path, "expected hookURL, or channelID with a token; found both")
	case s.HookURL == "" && !usesAPI:
		d.Errorf(path, "expected hookURL, or channelID with a token; found neither")
	case usesAPI && s.ChannelID == "":
		d.Errorf(path+".channelID", "is required with a token")
	case usesAPI && tokens != 1:
		d.Errorf(path, "expected one of oauthTokenData and oauthTokenFile, found %d tokens", tokens)
	}
	d.base64(path+".oauthTokenData", s.OAuthTokenData)
}
