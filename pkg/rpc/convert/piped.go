package convert

import (
	"time"

	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// PipedToPB converts an agent as it is shown to people at now; nil stays nil.
// Its keys are left out: their hashes are nobody's business.
func PipedToPB(p *model.Piped, now time.Time) *modelpb.Piped {
	if p == nil {
		return nil
	}
	return &modelpb.Piped{
		Id:                Text(p.ID),
		Name:              Text(p.Name),
		Desc:              Text(p.Description),
		ProjectId:         Text(p.ProjectID),
		Version:           Text(p.Version),
		StartedAt:         Seconds(p.StartedAt),
		Repositories:      each(p.Repositories, RepositoryToPB),
		Status:            connectionStatus(p, now),
		Config:            Text(p.Config),
		Disabled:          p.Disabled,
		CreatedAt:         Seconds(p.CreatedAt),
		UpdatedAt:         Seconds(p.UpdatedAt),
		PlatformProviders: each(p.PlatformProviders, ProviderToPB),
		Plugins:           each(p.Plugins, PluginToPB),
		DesiredVersion:    Text(p.DesiredVersion),
		SecretEncryption:  EncryptionToPB(p.Encryption),
	}
}

func connectionStatus(p *model.Piped, now time.Time) modelpb.Piped_ConnectionStatus {
	switch {
	case p.LastSeenAt.IsZero():
		return modelpb.Piped_UNKNOWN
	case p.Online(now):
		return modelpb.Piped_ONLINE
	default:
		return modelpb.Piped_OFFLINE
	}
}

// PipedFromPB is the inverse of PipedToPB. The keys and the last sign of life
// are not on the wire; of the latter only whether the agent is online is.
func PipedFromPB(p *modelpb.Piped) *model.Piped {
	if p == nil {
		return nil
	}
	return &model.Piped{
		ID:                p.GetId(),
		Name:              p.GetName(),
		Description:       p.GetDesc(),
		ProjectID:         p.GetProjectId(),
		Version:           p.GetVersion(),
		StartedAt:         Time(p.GetStartedAt()),
		Repositories:      each(p.GetRepositories(), RepositoryFromPB),
		PlatformProviders: each(p.GetPlatformProviders(), ProviderFromPB),
		Plugins:           each(p.GetPlugins(), PluginFromPB),
		DesiredVersion:    p.GetDesiredVersion(),
		Config:            p.GetConfig(),
		Encryption:        EncryptionFromPB(p.GetSecretEncryption()),
		Disabled:          p.GetDisabled(),
		CreatedAt:         Time(p.GetCreatedAt()),
		UpdatedAt:         Time(p.GetUpdatedAt()),
	}
}

// ProviderToPB converts a platform provider.
func ProviderToPB(p model.Provider) *modelpb.Piped_PlatformProvider {
	return &modelpb.Piped_PlatformProvider{Name: Text(p.Name), Type: Text(p.Type)}
}

// ProviderFromPB is the inverse of ProviderToPB.
func ProviderFromPB(p *modelpb.Piped_PlatformProvider) model.Provider {
	return model.Provider{Name: p.GetName(), Type: p.GetType()}
}

// EncryptionToPB converts how secrets are encrypted. Without a type it is
// absent on the wire, where a type is required.
func EncryptionToPB(e model.SecretEncryption) *modelpb.Piped_SecretEncryption {
	if e.Type == "" {
		return nil
	}
	return &modelpb.Piped_SecretEncryption{Type: Text(e.Type), PublicKey: Text(e.PublicKey), EncryptServiceAccount: Text(e.ServiceAccount)}
}

// EncryptionFromPB is the inverse of EncryptionToPB.
func EncryptionFromPB(p *modelpb.Piped_SecretEncryption) model.SecretEncryption {
	return model.SecretEncryption{Type: p.GetType(), PublicKey: p.GetPublicKey(), ServiceAccount: p.GetEncryptServiceAccount()}
}
