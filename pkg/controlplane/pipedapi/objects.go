package pipedapi

import (
	"context"
	"encoding/json"
	"slices"

	"google.golang.org/protobuf/proto"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/livestate"
	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// mayWrite returns one of the agent's applications, for a write to the
// filestore.
func (s *Service) mayWrite(ctx context.Context, applicationID string) (*model.Application, error) {
	a, caller, err := s.application(ctx, applicationID)
	if err != nil {
		return nil, err
	}
	return a, s.checkFence(ctx, caller)
}

// ReportApplicationLiveState keeps the latest snapshot of what runs of an
// application. One that is older than what is kept changes nothing.
func (s *Service) ReportApplicationLiveState(ctx context.Context, req *pipedservice.ReportApplicationLiveStateRequest) (*pipedservice.ReportApplicationLiveStateResponse, error) {
	snapshot := req.GetSnapshot()
	a, err := s.mayWrite(ctx, snapshot.GetApplicationId())
	switch {
	case err != nil:
		return nil, err
	case snapshot.GetPipedId() != a.PipedID || snapshot.GetProjectId() != a.ProjectID:
		return nil, model.Errorf(model.CodePermissionDenied, "the live state of application %s names another piped or project than its own", a.ID)
	}
	content, err := proto.Marshal(snapshot)
	if err != nil {
		return nil, model.Wrap(model.CodeInternal, err, "encoding the live state of application "+a.ID)
	}
	version := livestate.Version{Seconds: snapshot.GetVersion().GetTimestamp(), Index: snapshot.GetVersion().GetIndex()}
	if err := s.live.Put(ctx, a.ID, version, content); err != nil {
		return nil, err
	}
	return &pipedservice.ReportApplicationLiveStateResponse{}, nil
}

// ReportApplicationLiveStateEvents checks whose the events are and names all of
// them as failed: whole snapshots are kept, and nothing is patched into them.
// Only agents that watch Kubernetes send such events, and they send snapshots
// as well.
func (s *Service) ReportApplicationLiveStateEvents(ctx context.Context, req *pipedservice.ReportApplicationLiveStateEventsRequest) (*pipedservice.ReportApplicationLiveStateEventsResponse, error) {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return nil, err
	}
	events := req.GetKubernetesEvents()
	if err := checkCount("events", len(events), maxBatch); err != nil {
		return nil, err
	}
	resp := &pipedservice.ReportApplicationLiveStateEventsResponse{}
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.GetApplicationId()
		resp.FailedIds = append(resp.FailedIds, e.GetId())
	}
	slices.Sort(ids)
	if _, err := s.applications(ctx, caller, slices.Compact(ids)); err != nil {
		return nil, err
	}
	return resp, nil
}

// analysisResult is what is kept of the last successful analysis.
type analysisResult struct {
	StartTime int64 `json:"start_time"` // unix seconds
}

func analysisPath(a *model.Application) string { return "latest-analysis-result/" + a.ID + ".json" }

// GetLatestAnalysisResult returns the last successful analysis.
func (s *Service) GetLatestAnalysisResult(ctx context.Context, req *pipedservice.GetLatestAnalysisResultRequest) (*pipedservice.GetLatestAnalysisResultResponse, error) {
	a, _, err := s.application(ctx, req.GetApplicationId())
	if err != nil {
		return nil, err
	}
	content, err := s.files.Get(ctx, analysisPath(a))
	if err != nil {
		doing := "get the latest analysis result of application " + a.ID
		return nil, missing(model.Wrap(model.CodeOf(err), err, doing), doing)
	}
	var result analysisResult
	if err := json.Unmarshal(content, &result); err != nil {
		return nil, model.Wrap(model.CodeInternal, err, "decoding the latest analysis result of application "+a.ID)
	}
	return &pipedservice.GetLatestAnalysisResultResponse{AnalysisResult: &modelpb.AnalysisResult{StartTime: result.StartTime}}, nil
}

// PutLatestAnalysisResult keeps the last successful analysis.
func (s *Service) PutLatestAnalysisResult(ctx context.Context, req *pipedservice.PutLatestAnalysisResultRequest) (*pipedservice.PutLatestAnalysisResultResponse, error) {
	a, err := s.mayWrite(ctx, req.GetApplicationId())
	if err != nil {
		return nil, err
	}
	content, err := json.Marshal(analysisResult{StartTime: req.GetAnalysisResult().GetStartTime()})
	if err != nil {
		return nil, model.Wrap(model.CodeInternal, err, "encoding an analysis result")
	}
	if err := s.files.Put(ctx, analysisPath(a), content); err != nil {
		return nil, model.Wrap(model.CodeOf(err), err, "storing the latest analysis result of application "+a.ID)
	}
	return &pipedservice.PutLatestAnalysisResultResponse{}, nil
}

func objectsPrefix(a *model.Application, plugin string) string {
	return "application-shared-objects/" + filestore.Element(a.ID) + "/" + filestore.Element(plugin) + "/"
}

// GetApplicationSharedObject returns what a plugin keeps with an application
// under a key.
func (s *Service) GetApplicationSharedObject(ctx context.Context, req *pipedservice.GetApplicationSharedObjectRequest) (*pipedservice.GetApplicationSharedObjectResponse, error) {
	a, _, err := s.application(ctx, req.GetApplicationId())
	if err != nil {
		return nil, err
	}
	content, err := s.files.Get(ctx, objectsPrefix(a, req.GetPluginName())+filestore.Element(req.GetKey()))
	if err != nil {
		doing := "get a shared object of application " + a.ID
		return nil, missing(model.Wrap(model.CodeOf(err), err, doing), doing)
	}
	return &pipedservice.GetApplicationSharedObjectResponse{Object: content}, nil
}

// PutApplicationSharedObject keeps an object of a plugin with an application,
// replacing an older one with the key. A plugin may have maxObjects of them.
func (s *Service) PutApplicationSharedObject(ctx context.Context, req *pipedservice.PutApplicationSharedObjectRequest) (*pipedservice.PutApplicationSharedObjectResponse, error) {
	a, err := s.mayWrite(ctx, req.GetApplicationId())
	if err != nil {
		return nil, err
	}
	if err := checkSize("the shared object", len(req.GetObject()), maxObjectSize); err != nil {
		return nil, err
	}
	prefix := objectsPrefix(a, req.GetPluginName())
	path := prefix + filestore.Element(req.GetKey())
	kept, err := s.files.List(ctx, prefix, "", filestore.MaxListLimit)
	switch {
	case err != nil:
		return nil, model.Wrap(model.CodeOf(err), err, "listing the shared objects of application "+a.ID)
	case len(kept) >= maxObjects && !slices.Contains(kept, path):
		return nil, model.Errorf(model.CodeInvalid, "application %s has %d shared objects of this plugin; no more are kept", a.ID, len(kept))
	}
	if err := s.files.Put(ctx, path, req.GetObject()); err != nil {
		return nil, model.Wrap(model.CodeOf(err), err, "storing a shared object of application "+a.ID)
	}
	return &pipedservice.PutApplicationSharedObjectResponse{}, nil
}
