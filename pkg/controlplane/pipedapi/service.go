package pipedapi

import (
	"context"
	"time"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/clock"
	"pipecd/pkg/controlplane/livestate"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/stagelog"
	"pipecd/pkg/datastore"
	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
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
	Clock   *clock.Clock // nil for the process's own
	Address string       // external base URL of the UI, for links; may be empty

	// NothingWaits reports agents that are known to have no unanswered command; nil
	// means that the datastore is asked each time.
	NothingWaits func(pipedID string) bool
	// Observer is told how commands were answered; nil means nobody looks.
	Observer observe.Observer
}

// Service implements pipedserviceconnect.PipedServiceHandler. It is safe for
// concurrent use.
type Service struct {
	pipedserviceconnect.UnimplementedPipedServiceHandler

	store   datastore.Store
	files   filestore.Store
	logs    *stagelog.Logs
	live    *livestate.Snapshots
	targets logTargets
	hub     *notify.Hub
	clock   *clock.Clock
	address string
	to      observe.Observer
	signs   *signs

	nothingWaits func(pipedID string) bool
}

var _ pipedserviceconnect.PipedServiceHandler = (*Service)(nil)

// New returns the service.
func New(o Options) *Service {
	if o.NothingWaits == nil {
		o.NothingWaits = func(string) bool { return false }
	}
	return &Service{
		store: o.Store, files: o.Files, logs: o.Logs, live: livestate.New(o.Files), signs: newSigns(), hub: o.Hub, clock: o.Clock,
		address: o.Address, to: observe.Or(o.Observer), nothingWaits: o.NothingWaits,
	}
}

// ReportStat is a sign of life. The statistics themselves, metrics of the agent's
// process, are not kept: operators read those from the agent.
func (s *Service) ReportStat(ctx context.Context, _ *pipedservice.ReportStatRequest) (*pipedservice.ReportStatResponse, error) {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return nil, err
	}
	if id := caller.Piped.ID; s.signs.isDue(id) {
		if err := s.store.TouchPiped(ctx, id, s.clock.Now()); err != nil {
			s.signs.failed(id)
			return nil, err
		}
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
	if err := checkSize("the piped's configuration", len(req.GetConfig()), maxConfigSize); err != nil {
		return nil, err
	}
	meta, now := convert.PipedMetaFromPB(req), s.clock.Now()
	piped, err := s.store.UpdatePiped(ctx, caller.Piped.ID, func(p *model.Piped) error {
		p.ReportMeta(meta, now)
		return nil
	})
	if err != nil {
		return nil, missing(err, "update piped "+caller.Piped.ID)
	}
	s.hub.Notify(notify.OfPiped(piped)...)
	return &pipedservice.ReportPipedMetaResponse{Name: piped.Name, WebBaseUrl: s.address}, nil
}

// GetDesiredVersion says which version a person wants the agent to be of; it is
// empty when nobody does.
func (s *Service) GetDesiredVersion(ctx context.Context, _ *pipedservice.GetDesiredVersionRequest) (*pipedservice.GetDesiredVersionResponse, error) {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return nil, err
	}
	return &pipedservice.GetDesiredVersionResponse{Version: convert.Text(caller.Piped.DesiredVersion)}, nil
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
