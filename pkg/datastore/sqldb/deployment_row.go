package sqldb

import (
	"maps"

	"pipecd/pkg/model"
)

// deploymentRow is a row of the table deployments. labels is not a column; it
// is kept beside them while the row is written.
type deploymentRow struct {
	id              string
	projectID       string
	pipedID         string
	applicationID   string
	applicationName string
	status          int32
	completed       bool
	kind            int32
	createdAt       int64
	updatedAt       int64
	document        string

	labels map[string]string
}

type deploymentDocument struct {
	GitPath               gitPathDocument              `json:"gitPath,omitzero"`
	PlatformProvider      string                       `json:"platformProvider,omitzero"`
	DeployTargets         map[string][]string          `json:"deployTargets,omitempty"`
	Labels                map[string]string            `json:"labels,omitempty"`
	Trigger               triggerDocument              `json:"trigger,omitzero"`
	Summary               string                       `json:"summary,omitzero"`
	Versions              []artifactDocument           `json:"versions,omitempty"`
	RunningCommitHash     string                       `json:"runningCommitHash,omitzero"`
	RunningConfigFilename string                       `json:"runningConfigFilename,omitzero"`
	StatusReason          string                       `json:"statusReason,omitzero"`
	Stages                []stageDocument              `json:"stages,omitempty"`
	Metadata              map[string]string            `json:"metadata,omitempty"`
	PluginMetadata        map[string]map[string]string `json:"pluginMetadata,omitempty"`
	ChainID               string                       `json:"chainId,omitzero"`
	ChainBlock            uint32                       `json:"chainBlock,omitzero"`
	TraceCommitHash       string                       `json:"traceCommitHash,omitzero"`
	CompletedAt           int64                        `json:"completedAt,omitzero"`
}

type stageDocument struct {
	ID                  string            `json:"id,omitzero"`
	Name                string            `json:"name,omitzero"`
	Description         string            `json:"description,omitzero"`
	Index               int32             `json:"index,omitzero"`
	Predefined          bool              `json:"predefined,omitzero"`
	Requires            []string          `json:"requires,omitempty"`
	Visible             bool              `json:"visible,omitzero"`
	Rollback            bool              `json:"rollback,omitzero"`
	Status              int32             `json:"status"`
	StatusReason        string            `json:"statusReason,omitzero"`
	Metadata            map[string]string `json:"metadata,omitempty"`
	RetriedCount        int32             `json:"retriedCount,omitzero"`
	AvailableOperation  int32             `json:"availableOperation,omitzero"`
	AuthorizedOperators []string          `json:"authorizedOperators,omitempty"`
	CompletedAt         int64             `json:"completedAt,omitzero"`
	CreatedAt           int64             `json:"createdAt,omitzero"`
	UpdatedAt           int64             `json:"updatedAt,omitzero"`
}

func (r *deploymentRow) labelled() labelled {
	return labelled{ownerID: r.id, projectID: r.projectID, sortAt: r.createdAt, labels: r.labels}
}

func (r *deploymentRow) sameLabels(o *deploymentRow) bool {
	return maps.Equal(r.labels, o.labels) && (len(r.labels) == 0 || r.createdAt == o.createdAt && r.projectID == o.projectID)
}

func deploymentToRow(d *model.Deployment) (*deploymentRow, error) {
	what := "deployment " + d.ID
	if err := checkColumns(what, column{"id", d.ID}, column{"project", d.ProjectID}, column{"piped", d.PipedID},
		column{"application", d.ApplicationID}, column{"application name", d.ApplicationName}); err != nil {
		return nil, err
	}
	document, err := encode(what, deploymentDocument{
		GitPath:               gitPathToDocument(d.GitPath),
		PlatformProvider:      d.PlatformProvider,
		DeployTargets:         d.DeployTargets,
		Labels:                d.Labels,
		Trigger:               triggerToDocument(d.Trigger),
		Summary:               d.Summary,
		Versions:              mapSlice(d.Versions, artifactToDocument),
		RunningCommitHash:     d.RunningCommitHash,
		RunningConfigFilename: d.RunningConfigFilename,
		StatusReason:          d.StatusReason,
		Stages:                mapSlice(d.Stages, stageToDocument),
		Metadata:              d.Metadata,
		PluginMetadata:        d.PluginMetadata,
		ChainID:               d.ChainID,
		ChainBlock:            d.ChainBlock,
		TraceCommitHash:       d.TraceCommitHash,
		CompletedAt:           toMicros(d.CompletedAt),
	})
	return &deploymentRow{
		id: d.ID, projectID: d.ProjectID, pipedID: d.PipedID, applicationID: d.ApplicationID, applicationName: d.ApplicationName,
		status: int32(d.Status), completed: d.Status.IsCompleted(), kind: int32(d.Kind),
		createdAt: toMicros(d.CreatedAt), updatedAt: toMicros(d.UpdatedAt),
		document: document, labels: d.Labels,
	}, err
}

// deploymentToModel also fills the row's labels, which a change compares.
func deploymentToModel(r *deploymentRow) (*model.Deployment, error) {
	var d deploymentDocument
	if err := decode("deployment "+r.id, r.document, &d); err != nil {
		return nil, err
	}
	r.labels = maps.Clone(d.Labels)
	return &model.Deployment{
		ID: r.id, ApplicationID: r.applicationID, ApplicationName: r.applicationName, PipedID: r.pipedID, ProjectID: r.projectID,
		Kind:                  model.ApplicationKind(r.kind),
		GitPath:               gitPathToModel(d.GitPath),
		PlatformProvider:      d.PlatformProvider,
		DeployTargets:         d.DeployTargets,
		Labels:                d.Labels,
		Trigger:               triggerToModel(d.Trigger),
		Summary:               d.Summary,
		Versions:              mapSlice(d.Versions, artifactToModel),
		RunningCommitHash:     d.RunningCommitHash,
		RunningConfigFilename: d.RunningConfigFilename,
		Status:                model.DeploymentStatus(r.status),
		StatusReason:          d.StatusReason,
		Stages:                mapSlice(d.Stages, stageToModel),
		Metadata:              d.Metadata,
		PluginMetadata:        d.PluginMetadata,
		ChainID:               d.ChainID,
		ChainBlock:            d.ChainBlock,
		TraceCommitHash:       d.TraceCommitHash,
		CompletedAt:           fromMicros(d.CompletedAt),
		CreatedAt:             fromMicros(r.createdAt),
		UpdatedAt:             fromMicros(r.updatedAt),
	}, nil
}

func stageToDocument(s model.Stage) stageDocument {
	return stageDocument{
		ID:                  s.ID,
		Name:                string(s.Name),
		Description:         s.Description,
		Index:               s.Index,
		Predefined:          s.Predefined,
		Requires:            s.Requires,
		Visible:             s.Visible,
		Rollback:            s.Rollback,
		Status:              int32(s.Status),
		StatusReason:        s.StatusReason,
		Metadata:            s.Metadata,
		RetriedCount:        s.RetriedCount,
		AvailableOperation:  int32(s.AvailableOperation),
		AuthorizedOperators: s.AuthorizedOperators,
		CompletedAt:         toMicros(s.CompletedAt),
		CreatedAt:           toMicros(s.CreatedAt),
		UpdatedAt:           toMicros(s.UpdatedAt),
	}
}

func stageToModel(s stageDocument) model.Stage {
	return model.Stage{
		ID:                  s.ID,
		Name:                model.StageName(s.Name),
		Description:         s.Description,
		Index:               s.Index,
		Predefined:          s.Predefined,
		Requires:            s.Requires,
		Visible:             s.Visible,
		Rollback:            s.Rollback,
		Status:              model.StageStatus(s.Status),
		StatusReason:        s.StatusReason,
		Metadata:            s.Metadata,
		RetriedCount:        s.RetriedCount,
		AvailableOperation:  model.ManualOperation(s.AvailableOperation),
		AuthorizedOperators: s.AuthorizedOperators,
		CompletedAt:         fromMicros(s.CompletedAt),
		CreatedAt:           fromMicros(s.CreatedAt),
		UpdatedAt:           fromMicros(s.UpdatedAt),
	}
}
