package webhook

import (
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"pipecd/pkg/model"
)

// Headers that name the event.
const (
	headerGitHubEvent = "X-GitHub-Event"
	headerGitLabEvent = "X-Gitlab-Event"
)

// kind is what a delivery is about.
type kind int

const (
	kindOther kind = iota
	kindPing
	kindPush
)

// event is what a delivery says.
type event struct {
	kind  kind
	name  string // as the host calls it
	where push
}

// push is what was pushed to.
type push struct {
	ref        string
	repository string   // its identity, for people
	identities []string // all of them: a host may have one name for SSH and another for HTTPS
}

// branch returns the branch, or false for a tag and everything else.
func (p push) branch() (string, bool) { return strings.CutPrefix(p.ref, "refs/heads/") }

// payload is the part of both hosts' bodies that matters.
type payload struct {
	Ref        string    `json:"ref"`
	EventName  string    `json:"event_name"` // GitLab's, of a system hook
	Repository addresses `json:"repository"`
	Project    addresses `json:"project"` // GitLab's
}

// addresses are those under which a repository is cloned and seen.
type addresses struct {
	CloneURL   string `json:"clone_url"`    // GitHub
	SSHURL     string `json:"ssh_url"`      // both
	GitURL     string `json:"git_url"`      // GitHub
	HTMLURL    string `json:"html_url"`     // GitHub
	GitHTTPURL string `json:"git_http_url"` // GitLab
	GitSSHURL  string `json:"git_ssh_url"`  // GitLab
	WebURL     string `json:"web_url"`      // GitLab
}

func (a addresses) all() []string {
	return []string{a.CloneURL, a.GitHTTPURL, a.SSHURL, a.GitSSHURL, a.GitURL, a.HTMLURL, a.WebURL}
}

// parse reads a delivery whose signature was checked. CodeInvalid if it is not
// what it says it is.
func parse(h http.Header, body []byte) (event, error) {
	e := named(h)
	if e.kind != kindPush {
		return e, nil
	}
	body, err := jsonOf(h, body)
	if err != nil {
		return e, err
	}
	var p payload
	if err := json.Unmarshal(body, &p); err != nil {
		return e, model.Wrap(model.CodeInvalid, err, "the body is not the JSON of a push")
	}
	if p.EventName != "" && p.EventName != "push" { // a system hook tells of everything under one name
		return event{kind: kindOther, name: p.EventName}, nil
	}
	e.where = pushOf(p)
	if e.where.ref == "" || len(e.where.identities) == 0 {
		return e, model.Errorf(model.CodeInvalid, "the body names no ref, or no address of a repository")
	}
	return e, nil
}

func named(h http.Header) event {
	if name := h.Get(headerGitHubEvent); name != "" {
		switch name {
		case "push":
			return event{kind: kindPush, name: name}
		case "ping":
			return event{kind: kindPing, name: name}
		default:
			return event{kind: kindOther, name: name}
		}
	}
	switch name := h.Get(headerGitLabEvent); name {
	case "Push Hook", "System Hook":
		return event{kind: kindPush, name: name}
	default:
		return event{kind: kindOther, name: name}
	}
}

// jsonOf returns the JSON of a body, which GitHub also sends as a form.
func jsonOf(h http.Header, body []byte) ([]byte, error) {
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return body, nil //nolint:nilerr // What it is, the JSON decoder finds out.
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, model.Wrap(model.CodeInvalid, err, "the body is not the form that its Content-Type says")
	}
	return []byte(form.Get("payload")), nil
}

func pushOf(p payload) push {
	out := push{ref: p.Ref}
	for _, address := range append(p.Repository.all(), p.Project.all()...) {
		if id := identity(address); id != "" {
			out.identities = append(out.identities, id)
		}
	}
	if len(out.identities) > 0 {
		out.repository = out.identities[0]
	}
	return out
}
