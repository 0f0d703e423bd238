package sqldb

import (
	"database/sql"
	"maps"

	"pipecd/pkg/model"
)

// applicationRow is a row of the table applications. labels and placeName are
// not columns; they are kept beside them while the row is written.
type applicationRow struct {
	id         string
	projectID  string
	pipedID    string
	name       string
	syncStatus int32 // what people are shown, and therefore filter by: DEPLOYING while it deploys
	disabled   bool
	deleted    bool
	place      sql.NullString // digest of where it lives in Git, unique; NULL when deleted
	kind       int32
	createdAt  int64
	updatedAt  int64
	document   string

	labels    map[string]string
	placeName string
}

type applicationDocument struct {
	GitPath          gitPathDocument        `json:"gitPath,omitzero"`
	PlatformProvider string                 `json:"platformProvider,omitzero"`
	DeployTargets    map[string][]string    `json:"deployTargets,omitempty"`
	Description      string                 `json:"description,omitzero"`
	Labels           map[string]string      `json:"labels,omitempty"`
	LastSuccessful   *deploymentRefDocument `json:"lastSuccessful,omitempty"`
	LastTriggered    *deploymentRefDocument `json:"lastTriggered,omitempty"`
	SyncState        syncStateDocument      `json:"syncState,omitzero"`
	Deploying        bool                   `json:"deploying,omitzero"`
	DeletedAt        int64                  `json:"deletedAt,omitzero"`
}

type syncStateDocument struct {
	Status           int32  `json:"status"`
	ShortReason      string `json:"shortReason,omitzero"`
	Reason           string `json:"reason,omitzero"`
	HeadDeploymentID string `json:"headDeploymentId,omitzero"`
	Timestamp        int64  `json:"timestamp,omitzero"`
}

type deploymentRefDocument struct {
	DeploymentID   string             `json:"deploymentId,omitzero"`
	Trigger        triggerDocument    `json:"trigger,omitzero"`
	Summary        string             `json:"summary,omitzero"`
	Version        string             `json:"version,omitzero"`
	Versions       []artifactDocument `json:"versions,omitempty"`
	ConfigFilename string             `json:"configFilename,omitzero"`
	StartedAt      int64              `json:"startedAt,omitzero"`
	CompletedAt    int64              `json:"completedAt,omitzero"`
}

// labelled returns the rows of the label table; a deleted application, which
// is in no list, has none.
func (r *applicationRow) labelled() labelled {
	l := labelled{ownerID: r.id, projectID: r.projectID, sortAt: r.updatedAt}
	if !r.deleted {
		l.labels = r.labels
	}
	return l
}

func (r *applicationRow) sameLabels(o *applicationRow) bool {
	a, b := r.labelled(), o.labelled()
	return maps.Equal(a.labels, b.labels) && (len(a.labels) == 0 || a.sortAt == b.sortAt && a.projectID == b.projectID)
}

func applicationToRow(a *model.Application) (*applicationRow, error) {
	what := "application " + a.ID
	if err := checkColumns(what, column{"id", a.ID}, column{"project", a.ProjectID}, column{"piped", a.PipedID}, column{"name", a.Name}); err != nil {
		return nil, err
	}
	document, err := encode(what, applicationDocument{
		GitPath:          gitPathToDocument(a.GitPath),
		PlatformProvider: a.PlatformProvider,
		DeployTargets:    a.DeployTargets,
		Description:      a.Description,
		Labels:           a.Labels,
		LastSuccessful:   refToDocument(a.LastSuccessful),
		LastTriggered:    refToDocument(a.LastTriggered),
		SyncState: syncStateDocument{
			Status:           int32(a.SyncState.Status),
			ShortReason:      a.SyncState.ShortReason,
			Reason:           a.SyncState.Reason,
			HeadDeploymentID: a.SyncState.HeadDeploymentID,
			Timestamp:        toMicros(a.SyncState.Timestamp),
		},
		Deploying: a.Deploying,
		DeletedAt: toMicros(a.DeletedAt),
	})
	r := &applicationRow{
		id: a.ID, projectID: a.ProjectID, pipedID: a.PipedID, name: a.Name,
		syncStatus: int32(a.DisplayStatus()), disabled: a.Disabled, deleted: a.Deleted, kind: int32(a.Kind),
		createdAt: toMicros(a.CreatedAt), updatedAt: toMicros(a.UpdatedAt),
		document: document, labels: a.Labels,
		placeName: a.GitPath.ConfigPath() + " of repository " + a.GitPath.Repo.ID,
	}
	if !a.Deleted {
		r.place = sql.NullString{String: placeOf(a.ProjectID, a.GitPath), Valid: true}
	}
	return r, err
}

// placeOf is the digest of where an application lives in Git.
func placeOf(projectID string, g model.GitPath) string {
	return digest(projectID, g.Repo.ID, g.ConfigPath())
}

// applicationToModel also fills the row's labels, which a change compares.
func applicationToModel(r *applicationRow) (*model.Application, error) {
	var d applicationDocument
	if err := decode("application "+r.id, r.document, &d); err != nil {
		return nil, err
	}
	r.labels = maps.Clone(d.Labels)
	return &model.Application{
		ID: r.id, Name: r.name, ProjectID: r.projectID, PipedID: r.pipedID,
		Kind:             model.ApplicationKind(r.kind),
		GitPath:          gitPathToModel(d.GitPath),
		PlatformProvider: d.PlatformProvider,
		DeployTargets:    d.DeployTargets,
		Description:      d.Description,
		Labels:           d.Labels,
		LastSuccessful:   refToModel(d.LastSuccessful),
		LastTriggered:    refToModel(d.LastTriggered),
		SyncState: model.SyncState{
			Status:           model.SyncStatus(d.SyncState.Status),
			ShortReason:      d.SyncState.ShortReason,
			Reason:           d.SyncState.Reason,
			HeadDeploymentID: d.SyncState.HeadDeploymentID,
			Timestamp:        fromMicros(d.SyncState.Timestamp),
		},
		Deploying: d.Deploying,
		Disabled:  r.disabled,
		Deleted:   r.deleted,
		DeletedAt: fromMicros(d.DeletedAt),
		CreatedAt: fromMicros(r.createdAt),
		UpdatedAt: fromMicros(r.updatedAt),
	}, nil
}

func refToDocument(r *model.DeploymentRef) *deploymentRefDocument {
	if r == nil {
		return nil
	}
	return &deploymentRefDocument{
		DeploymentID:   r.DeploymentID,
		Trigger:        triggerToDocument(r.Trigger),
		Summary:        r.Summary,
		Version:        r.Version,
		Versions:       mapSlice(r.Versions, artifactToDocument),
		ConfigFilename: r.ConfigFilename,
		StartedAt:      toMicros(r.StartedAt),
		CompletedAt:    toMicros(r.CompletedAt),
	}
}

func refToModel(r *deploymentRefDocument) *model.DeploymentRef {
	if r == nil {
		return nil
	}
	return &model.DeploymentRef{
		DeploymentID:   r.DeploymentID,
		Trigger:        triggerToModel(r.Trigger),
		Summary:        r.Summary,
		Version:        r.Version,
		Versions:       mapSlice(r.Versions, artifactToModel),
		ConfigFilename: r.ConfigFilename,
		StartedAt:      fromMicros(r.StartedAt),
		CompletedAt:    fromMicros(r.CompletedAt),
	}
}
