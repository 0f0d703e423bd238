package pipedapi

import (
	"context"
	"time"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/stagelog"
	"pipecd/pkg/datastore"
	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice/pipedserviceconnect"
)

// reportInterval is how often an agent is asked to report its statistics.
const reportInterval = 30 * time.Second

// Options is what the service works with.
type Options struct {
	Store   datastore.Store
	Files   filestore.Store
	Logs    *stagelog.Logs
	Hub     *notify.Hub
	Address string // external base URL of the UI, for links; may be empty
}

// Service implements pipedserviceconnect.PipedServiceHandler. It is safe for
// concurrent use.
type Service struct {
	pipedserviceconnect.UnimplementedPipedServiceHandler

	store   datastore.Store
	files   filestore.Store
	logs    *stagelog.Logs
	hub     *notify.Hub
	address string
}

var _ pipedserviceconnect.PipedServiceHandler = (*Service)(nil)

// New returns the service.
func New(o Options) *Service {
	return &Service{store: o.Store, files: o.Files, logs: o.Logs, hub: o.Hub, address: o.Address}
}

// ReportStat is a sign of life. The statistics themselves are not kept.
func (s *Service) ReportStat(ctx context.Context, _ *pipedservice.ReportStatRequest) (*pipedservice.ReportStatResponse, error) {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.store.TouchPiped(ctx, caller.Piped.ID, time.Now()); err != nil {
		return nil, err
	}
	return &pipedservice.ReportStatResponse{ReportInterval: int64(reportInterval / time.Second)}, nil
}

// ReportPipedMeta records what the agent says about itself at its start.
func (s *Service) ReportPipedMeta(ctx context.Context, req *pipedservice.ReportPipedMetaRequest) (*pipedservice.ReportPipedMetaResponse, error) {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.checkFence(ctx, caller); err != nil {
		return nil, err
	}
	meta, now := convert.PipedMetaFromPB(req), time.Now()
	piped, err := s.store.UpdatePiped(ctx, caller.Piped.ID, func(p *model.Piped) error {
		p.ReportMeta(meta, now)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &pipedservice.ReportPipedMetaResponse{Name: piped.Name, WebBaseUrl: s.address}, nil
}

// GetDesiredVersion says which version the agent should be of; none is wished.
func (s *Service) GetDesiredVersion(context.Context, *pipedservice.GetDesiredVersionRequest) (*pipedservice.GetDesiredVersionResponse, error) {
	return &pipedservice.GetDesiredVersionResponse{}, nil
}

// ListEvents returns no events: none can be registered yet.
func (s *Service) ListEvents(context.Context, *pipedservice.ListEventsRequest) (*pipedservice.ListEventsResponse, error) {
	return &pipedservice.ListEventsResponse{}, nil
}

// checkFence refuses a superseded process for writes that do not go through a
// fenced transaction of the datastore. One that is superseded a moment later
// has still written; what is written so is harmless (logs are merged, the rest
// says how the agent is).
func (s *Service) checkFence(ctx context.Context, caller *auth.Piped) error {
	if caller.Fence.Epoch == 0 {
		return nil
	}
	lease, err := s.store.GetLease(ctx, caller.Fence.PipedID)
	if err != nil && model.CodeOf(err) != model.CodeNotFound {
		return err
	}
	if lease.Epoch != caller.Fence.Epoch {
		return model.Errorf(model.CodeFenced, "another process of piped %s, on host %q, holds the lease now; this one must stop acting", caller.Fence.PipedID, lease.Host)
	}
	return nil
}

// checkReason refuses a text that is too long to be kept whole.
func checkReason(what, text string) error {
	if len(text) > model.MaxReasonLength {
		return model.Errorf(model.CodeInvalid, "%s is %d bytes long; at most %d are kept", what, len(text), model.MaxReasonLength)
	}
	return nil
}
