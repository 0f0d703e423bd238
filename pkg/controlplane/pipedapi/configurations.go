package pipedapi

import (
	"context"
	"maps"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// UpdateApplicationConfigurations takes over what the files in Git say about
// applications: name, description and labels. Nothing is changed unless all of
// them are the agent's.
func (s *Service) UpdateApplicationConfigurations(ctx context.Context, req *pipedservice.UpdateApplicationConfigurationsRequest) (*pipedservice.UpdateApplicationConfigurationsResponse, error) {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return nil, err
	}
	if err := checkCount("applications", len(req.GetApplications()), maxBatch); err != nil {
		return nil, err
	}
	ids := make([]string, len(req.GetApplications()))
	for i, info := range req.GetApplications() {
		ids[i] = info.GetId()
		if err := checkInfo(info); err != nil {
			return nil, err
		}
	}
	apps, err := s.applications(ctx, caller, ids)
	if err != nil {
		return nil, err
	}
	for _, a := range apps {
		if a.Deleted {
			return nil, model.Errorf(model.CodeInvalid, "application %s was deleted", a.ID)
		}
	}
	for _, info := range req.GetApplications() {
		from := convert.ApplicationInfoFromPB(info)
		if known := apps[from.ID]; known.Name == from.Name && known.Description == from.Description && maps.Equal(known.Labels, from.Labels) {
			continue
		}
		err := s.changeApplication(ctx, from.ID, func(a *model.Application) error {
			a.Name, a.Description, a.Labels = from.Name, from.Description, from.Labels
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return &pipedservice.UpdateApplicationConfigurationsResponse{}, nil
}

func checkInfo(info *modelpb.ApplicationInfo) error {
	if err := checkSize("the description of application "+info.GetId(), len(info.GetDescription()), model.MaxDescriptionLength); err != nil {
		return err
	}
	return model.ValidateName("the name of application "+info.GetId(), info.GetName())
}

// applications returns the applications with the ids, all of which must be the
// agent's. Several are found in the list of the agent's applications, so that
// there is no query for each.
func (s *Service) applications(ctx context.Context, caller *auth.Piped, ids []string) (map[string]*model.Application, error) {
	own := map[string]*model.Application{}
	if len(ids) > 1 {
		filter := datastore.ApplicationFilter{ProjectID: caller.Piped.ProjectID, PipedID: caller.Piped.ID}
		if err := s.eachApplication(ctx, filter, func(a *model.Application) { own[a.ID] = a }); err != nil {
			return nil, err
		}
	}
	found := make(map[string]*model.Application, len(ids))
	for _, id := range ids {
		a := own[id]
		if a == nil { // usually the end: it is missing, deleted, or another agent's
			var err error
			if a, _, err = s.application(ctx, id); err != nil {
				return nil, err
			}
			own[id] = a
		}
		found[id] = a
		if a.Deleted {
			break
		}
	}
	return found, nil
}

// eachApplication calls do for every application that the filter finds, some
// perhaps twice: the list moves while it is read.
func (s *Service) eachApplication(ctx context.Context, filter datastore.ApplicationFilter, do func(*model.Application)) error {
	page := datastore.Page{Size: datastore.MaxPageSize}
	for {
		apps, next, err := s.store.ListApplications(ctx, filter, page)
		if err != nil {
			return err
		}
		for _, a := range apps {
			do(a)
		}
		if next == "" {
			return nil
		}
		page.Cursor = next
	}
}

// ReportUnregisteredApplicationConfigurations keeps what the agent found in Git
// that belongs to no application, instead of what it found before. Of very many
// the first model.MaxSuggestions by repository and path are kept.
func (s *Service) ReportUnregisteredApplicationConfigurations(ctx context.Context, req *pipedservice.ReportUnregisteredApplicationConfigurationsRequest) (*pipedservice.ReportUnregisteredApplicationConfigurationsResponse, error) {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return nil, err
	}
	found := make([]model.ApplicationInfo, 0, len(req.GetApplications()))
	for _, p := range req.GetApplications() {
		info := model.ApplicationInfo{
			Name: p.GetName(), Kind: model.ApplicationKind(p.GetKind()), Labels: convert.Texts(p.GetLabels()), Description: p.GetDescription(),
			PipedID: caller.Piped.ID, RepoID: p.GetRepoId(), Path: p.GetPath(), ConfigFilename: p.GetConfigFilename(),
		}
		if err := info.ValidateSuggestion(); err != nil {
			return nil, err
		}
		found = append(found, info)
	}
	model.SortSuggestions(found)
	found = found[:min(len(found), model.MaxSuggestions)]
	if err := s.store.PutSuggestions(ctx, caller.Fence, caller.Piped.ID, found); err != nil {
		return nil, err
	}
	return &pipedservice.ReportUnregisteredApplicationConfigurationsResponse{}, nil
}
