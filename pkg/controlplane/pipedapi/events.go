package pipedapi

import (
	"context"

	"google.golang.org/protobuf/proto"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
)

// GetLatestEvent returns the newest event of the agent's project with the name
// and exactly the labels.
func (s *Service) GetLatestEvent(ctx context.Context, req *pipedservice.GetLatestEventRequest) (*pipedservice.GetLatestEventResponse, error) {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return nil, err
	}
	e, err := s.store.LatestEvent(ctx, caller.Piped.ProjectID, model.EventKey(req.GetName(), req.GetLabels()))
	if err != nil {
		return nil, missing(err, "get the latest event "+req.GetName())
	}
	return &pipedservice.GetLatestEventResponse{Event: convert.EventToPB(e)}, nil
}

// eventFilter translates what is asked for.
func eventFilter(projectID string, req *pipedservice.ListEventsRequest) (datastore.EventFilter, error) {
	f := datastore.EventFilter{
		ProjectID: projectID,
		From:      convert.Time(req.GetFrom()),
		To:        convert.Time(req.GetTo()),
		Ascending: req.GetOrder() == pipedservice.ListOrder_ASC,
	}
	var status model.EventStatus
	switch req.GetStatus() {
	case pipedservice.ListEventsRequest_ALL:
		return f, nil
	case pipedservice.ListEventsRequest_NOT_HANDLED:
		status = model.EventNotHandled
	case pipedservice.ListEventsRequest_SUCCESS:
		status = model.EventSuccess
	case pipedservice.ListEventsRequest_FAILURE:
		status = model.EventFailure
	case pipedservice.ListEventsRequest_OUTDATED:
		status = model.EventOutdated
	default:
		return f, model.Errorf(model.CodeInvalid, "events have no status %d", req.GetStatus())
	}
	f.Status = &status
	return f, nil
}

// ListEvents returns the project's events that were created in the time asked
// for, the beginning included and the end not. There are no pages on the wire: of
// very many the first in the order asked for are returned, at most maxBatch and
// as many as fit into one message. Without an order the newest come first.
func (s *Service) ListEvents(ctx context.Context, req *pipedservice.ListEventsRequest) (*pipedservice.ListEventsResponse, error) {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return nil, err
	}
	filter, err := eventFilter(caller.Piped.ProjectID, req)
	if err != nil {
		return nil, err
	}
	var (
		resp  pipedservice.ListEventsResponse
		page  = datastore.Page{Size: 100}
		bytes = 0
	)
	for {
		events, next, err := s.store.ListEvents(ctx, filter, page)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			p := convert.EventToPB(e)
			if bytes += proto.Size(p); bytes > maxResponseBytes || len(resp.GetEvents()) == maxBatch {
				return &resp, nil
			}
			resp.Events = append(resp.Events, p)
		}
		if next == "" {
			return &resp, nil
		}
		page.Cursor = next
	}
}

// ReportEventStatuses records what became of events of the agent's project. It
// stops at the first one that is refused; those before it are recorded.
func (s *Service) ReportEventStatuses(ctx context.Context, req *pipedservice.ReportEventStatusesRequest) (*pipedservice.ReportEventStatusesResponse, error) {
	if err := checkCount("events", len(req.GetEvents()), maxBatch); err != nil {
		return nil, err
	}
	for _, e := range req.GetEvents() {
		if err := s.reportEvent(ctx, e.GetId(), model.EventStatus(e.GetStatus()), e.GetStatusDescription()); err != nil {
			return nil, err
		}
	}
	return &pipedservice.ReportEventStatusesResponse{}, nil
}

// ReportEventsHandled is what agents of 0.34 call when their event watcher dealt
// with events.
func (s *Service) ReportEventsHandled(ctx context.Context, req *pipedservice.ReportEventsHandledRequest) (*pipedservice.ReportEventsHandledResponse, error) {
	if err := checkCount("events", len(req.GetEventIds()), maxBatch); err != nil {
		return nil, err
	}
	for _, id := range req.GetEventIds() {
		if err := s.reportEvent(ctx, id, model.EventSuccess, "the piped handled it"); err != nil {
			return nil, err
		}
	}
	return &pipedservice.ReportEventsHandledResponse{}, nil
}

func (s *Service) reportEvent(ctx context.Context, id string, status model.EventStatus, description string) error {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	_, err = s.store.UpdateEvent(ctx, caller.Fence, id, func(e *model.Event) error {
		if e.ProjectID != caller.Piped.ProjectID {
			return notOf(caller, e.ProjectID, "event", e.ID, "")
		}
		return e.ReportStatus(status, description, now)
	})
	return missing(err, "update event "+id)
}
