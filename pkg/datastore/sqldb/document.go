package sqldb

import "pipecd/pkg/model"

// The parts of documents that several nouns share.

type gitPathDocument struct {
	Repo           repositoryDocument `json:"repo,omitzero"`
	Path           string             `json:"path,omitzero"`
	ConfigFilename string             `json:"configFilename,omitzero"`
	URL            string             `json:"url,omitzero"`
}

func gitPathToDocument(g model.GitPath) gitPathDocument {
	return gitPathDocument{Repo: repositoryToDocument(g.Repo), Path: g.Path, ConfigFilename: g.ConfigFilename, URL: g.URL}
}

func gitPathToModel(g gitPathDocument) model.GitPath {
	return model.GitPath{Repo: repositoryToModel(g.Repo), Path: g.Path, ConfigFilename: g.ConfigFilename, URL: g.URL}
}

type artifactDocument struct {
	Kind    int32  `json:"kind"`
	Version string `json:"version,omitzero"`
	Name    string `json:"name,omitzero"`
	URL     string `json:"url,omitzero"`
}

func artifactToDocument(v model.ArtifactVersion) artifactDocument {
	return artifactDocument{Kind: int32(v.Kind), Version: v.Version, Name: v.Name, URL: v.URL}
}

func artifactToModel(v artifactDocument) model.ArtifactVersion {
	return model.ArtifactVersion{Kind: model.ArtifactKind(v.Kind), Version: v.Version, Name: v.Name, URL: v.URL}
}

type triggerDocument struct {
	Commit          commitDocument `json:"commit,omitzero"`
	Commander       string         `json:"commander,omitzero"`
	Timestamp       int64          `json:"timestamp,omitzero"`
	SyncStrategy    int32          `json:"syncStrategy"`
	StrategySummary string         `json:"strategySummary,omitzero"`

	RolledBackTo     string `json:"rolledBackTo,omitzero"`
	OverriddenCommit string `json:"overriddenCommit,omitzero"`
}

type commitDocument struct {
	Hash        string `json:"hash,omitzero"`
	Message     string `json:"message,omitzero"`
	Author      string `json:"author,omitzero"`
	Branch      string `json:"branch,omitzero"`
	PullRequest int64  `json:"pullRequest,omitzero"`
	URL         string `json:"url,omitzero"`
	CreatedAt   int64  `json:"createdAt,omitzero"`
}

func triggerToDocument(t model.DeploymentTrigger) triggerDocument {
	c := t.Commit
	return triggerDocument{
		Commit: commitDocument{
			Hash: c.Hash, Message: c.Message, Author: c.Author, Branch: c.Branch,
			PullRequest: c.PullRequest, URL: c.URL, CreatedAt: toMicros(c.CreatedAt),
		},
		Commander:       t.Commander,
		Timestamp:       toMicros(t.Timestamp),
		SyncStrategy:    int32(t.SyncStrategy),
		StrategySummary: t.StrategySummary,

		RolledBackTo: t.RolledBackTo, OverriddenCommit: t.OverriddenCommit,
	}
}

func triggerToModel(t triggerDocument) model.DeploymentTrigger {
	c := t.Commit
	return model.DeploymentTrigger{
		Commit: model.Commit{
			Hash: c.Hash, Message: c.Message, Author: c.Author, Branch: c.Branch,
			PullRequest: c.PullRequest, URL: c.URL, CreatedAt: fromMicros(c.CreatedAt),
		},
		Commander:       t.Commander,
		Timestamp:       fromMicros(t.Timestamp),
		SyncStrategy:    model.SyncStrategy(t.SyncStrategy),
		StrategySummary: t.StrategySummary,

		RolledBackTo: t.RolledBackTo, OverriddenCommit: t.OverriddenCommit,
	}
}
