package sqldb

import (
	"pipecd/pkg/model"
)

// pipedRow is a row of the table pipeds with its row of piped_seen.
type pipedRow struct {
	id        string
	projectID string
	name      string
	createdAt int64
	updatedAt int64
	document  string
	seenAt    int64
}

type pipedDocument struct {
	Description       string               `json:"description,omitzero"`
	Keys              []pipedKeyDocument   `json:"keys,omitempty"`
	Version           string               `json:"version,omitzero"`
	StartedAt         int64                `json:"startedAt,omitzero"`
	Repositories      []repositoryDocument `json:"repositories,omitempty"`
	PlatformProviders []providerDocument   `json:"platformProviders,omitempty"`
	Plugins           []pluginDocument     `json:"plugins,omitempty"`
	Config            string               `json:"config,omitzero"`
	EncryptionType    string               `json:"encryptionType,omitzero"`
	EncryptionKey     string               `json:"encryptionPublicKey,omitzero"`
	EncryptionAccount string               `json:"encryptionServiceAccount,omitzero"`
	DesiredVersion    string               `json:"desiredVersion,omitzero"`
	Disabled          bool                 `json:"disabled,omitzero"`
}

type pipedKeyDocument struct {
	Hash      string `json:"hash,omitzero"`
	Creator   string `json:"creator,omitzero"`
	CreatedAt int64  `json:"createdAt,omitzero"`
}

type repositoryDocument struct {
	ID     string `json:"id,omitzero"`
	Remote string `json:"remote,omitzero"`
	Branch string `json:"branch,omitzero"`
}

type pluginDocument struct {
	Name          string   `json:"name,omitzero"`
	DeployTargets []string `json:"deployTargets,omitempty"`
}

type providerDocument struct {
	Name string `json:"name,omitzero"`
	Type string `json:"type,omitzero"`
}

func pipedToRow(p *model.Piped) (*pipedRow, error) {
	what := "piped " + p.ID
	if err := checkColumns(what, column{"id", p.ID}, column{"project", p.ProjectID}, column{"name", p.Name}); err != nil {
		return nil, err
	}
	document, err := encode(what, pipedDocument{
		Description:       p.Description,
		Keys:              mapSlice(p.Keys, pipedKeyToDocument),
		Version:           p.Version,
		StartedAt:         toMicros(p.StartedAt),
		Repositories:      mapSlice(p.Repositories, repositoryToDocument),
		PlatformProviders: mapSlice(p.PlatformProviders, func(v model.Provider) providerDocument { return providerDocument(v) }),
		Plugins:           mapSlice(p.Plugins, func(v model.Plugin) pluginDocument { return pluginDocument(v) }),
		Config:            p.Config,
		EncryptionType:    p.Encryption.Type,
		EncryptionKey:     p.Encryption.PublicKey,
		EncryptionAccount: p.Encryption.ServiceAccount,
		DesiredVersion:    p.DesiredVersion,
		Disabled:          p.Disabled,
	})
	return &pipedRow{
		id: p.ID, projectID: p.ProjectID, name: p.Name,
		createdAt: toMicros(p.CreatedAt), updatedAt: toMicros(p.UpdatedAt),
		document: document, seenAt: toMicros(p.LastSeenAt),
	}, err
}

func pipedToModel(r *pipedRow) (*model.Piped, error) {
	var d pipedDocument
	if err := decode("piped "+r.id, r.document, &d); err != nil {
		return nil, err
	}
	return &model.Piped{
		ID: r.id, Name: r.name, Description: d.Description, ProjectID: r.projectID,
		Keys:              mapSlice(d.Keys, pipedKeyToModel),
		Version:           d.Version,
		StartedAt:         fromMicros(d.StartedAt),
		LastSeenAt:        fromMicros(r.seenAt),
		Repositories:      mapSlice(d.Repositories, repositoryToModel),
		PlatformProviders: mapSlice(d.PlatformProviders, func(v providerDocument) model.Provider { return model.Provider(v) }),
		Plugins:           mapSlice(d.Plugins, func(v pluginDocument) model.Plugin { return model.Plugin(v) }),
		Config:            d.Config,
		DesiredVersion:    d.DesiredVersion,
		Encryption:        model.SecretEncryption{Type: d.EncryptionType, PublicKey: d.EncryptionKey, ServiceAccount: d.EncryptionAccount},
		Disabled:          d.Disabled,
		CreatedAt:         fromMicros(r.createdAt), UpdatedAt: fromMicros(r.updatedAt),
	}, nil
}

func pipedKeyToDocument(k model.PipedKey) pipedKeyDocument {
	return pipedKeyDocument{Hash: k.Hash, Creator: k.Creator, CreatedAt: toMicros(k.CreatedAt)}
}

func pipedKeyToModel(k pipedKeyDocument) model.PipedKey {
	return model.PipedKey{Hash: k.Hash, Creator: k.Creator, CreatedAt: fromMicros(k.CreatedAt)}
}

func repositoryToDocument(r model.GitRepository) repositoryDocument { return repositoryDocument(r) }

func repositoryToModel(r repositoryDocument) model.GitRepository { return model.GitRepository(r) }
