package script

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"pipecd/pkg/model"
)

// usual are the variables of the agent's environment that every script gets.
// Credentials are not among them: the agent's are not the script's.
func usual() []string {
	return []string{
		"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ",
		"SSL_CERT_FILE", "SSL_CERT_DIR",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	}
}

// about is what SR_CONTEXT_RAW holds. The names are PipeCD's.
type about struct {
	DeploymentID        string            `json:"deploymentID,omitempty"`
	ApplicationID       string            `json:"applicationID,omitempty"`
	ApplicationName     string            `json:"applicationName,omitempty"`
	TriggeredAt         int64             `json:"triggeredAt,omitempty"`
	TriggeredCommitHash string            `json:"triggeredCommitHash,omitempty"`
	TriggeredCommander  string            `json:"triggeredCommander,omitempty"`
	RepositoryURL       string            `json:"repositoryURL,omitempty"`
	Summary             string            `json:"summary,omitempty"`
	Labels              map[string]string `json:"labels,omitempty"`
	IsRollback          bool              `json:"isRollback,omitempty"`
}

// environment is what the script gets: the allowed part of the agent's, what the
// deployment is about, and what the application's file says, which wins.
func (s Script) environment(d *model.Deployment, j job, resumed bool) ([]string, error) {
	vars := map[string]string{}
	for _, name := range append(usual(), s.Pass...) {
		if value, ok := os.LookupEnv(name); ok {
			vars[name] = value
		}
	}
	if err := describe(vars, d, j, resumed); err != nil {
		return nil, err
	}
	maps.Copy(vars, j.env)
	env := make([]string, 0, len(vars))
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		env = append(env, name+"="+strings.ReplaceAll(vars[name], "\x00", ""))
	}
	return env, nil
}

// describe adds the variables that tell the script what it runs for.
func describe(vars map[string]string, d *model.Deployment, j job, resumed bool) error {
	a := about{
		DeploymentID: d.ID, ApplicationID: d.ApplicationID, ApplicationName: d.ApplicationName,
		TriggeredAt: d.Trigger.Timestamp.Unix(), TriggeredCommitHash: d.Trigger.Commit.Hash, TriggeredCommander: d.Trigger.Commander,
		RepositoryURL: d.GitPath.Repo.Remote, Summary: d.Summary, Labels: d.Labels, IsRollback: j.rollback,
	}
	raw, err := json.Marshal(a)
	if err != nil {
		return model.Wrap(model.CodeInternal, err, "describing the deployment to the script")
	}
	maps.Copy(vars, map[string]string{
		"SR_DEPLOYMENT_ID":         a.DeploymentID,
		"SR_APPLICATION_ID":        a.ApplicationID,
		"SR_APPLICATION_NAME":      a.ApplicationName,
		"SR_TRIGGERED_AT":          strconv.FormatInt(a.TriggeredAt, 10),
		"SR_TRIGGERED_COMMIT_HASH": a.TriggeredCommitHash,
		"SR_TRIGGERED_COMMANDER":   a.TriggeredCommander,
		"SR_REPOSITORY_URL":        a.RepositoryURL,
		"SR_SUMMARY":               a.Summary,
		"SR_IS_ROLLBACK":           strconv.FormatBool(a.IsRollback),
		"SR_RESUMED":               strconv.FormatBool(resumed),
		"SR_CONTEXT_RAW":           string(raw),
	})
	for key, value := range d.Labels {
		vars["SR_LABELS_"+variable(key)] = value
	}
	return nil
}

// variable makes the name of a variable of a label's key.
func variable(key string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_':
			return r
		default:
			return '_'
		}
	}, strings.ToUpper(key))
}
