package convert

import (
	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// SuggestionToPB converts an application that nobody added yet.
func SuggestionToPB(i model.ApplicationInfo) *modelpb.ApplicationInfo {
	return &modelpb.ApplicationInfo{
		Name:           Text(i.Name),
		Kind:           modelpb.ApplicationKind(i.Kind),
		Labels:         Texts(i.Labels),
		Description:    Text(i.Description),
		PipedId:        Text(i.PipedID),
		RepoId:         Text(i.RepoID),
		Path:           Text(i.Path),
		ConfigFilename: Text(i.ConfigFilename),
	}
}

// SuggestionFromPB is the inverse of SuggestionToPB. The path is as the peer
// wrote it; model.ApplicationInfo.ValidateSuggestion makes it safe.
func SuggestionFromPB(p *modelpb.ApplicationInfo) model.ApplicationInfo {
	return model.ApplicationInfo{
		Name:           p.GetName(),
		Kind:           model.ApplicationKind(p.GetKind()),
		Labels:         Texts(p.GetLabels()),
		Description:    p.GetDescription(),
		PipedID:        p.GetPipedId(),
		RepoID:         p.GetRepoId(),
		Path:           p.GetPath(),
		ConfigFilename: p.GetConfigFilename(),
	}
}

// SuggestionsToPB converts a list of suggestions.
func SuggestionsToPB(list []model.ApplicationInfo) []*modelpb.ApplicationInfo {
	return each(list, SuggestionToPB)
}
