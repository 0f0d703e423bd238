package webapi

import (
	"context"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// pipedViews returns the agents as people see them at now, in the same order.
// What is around them is read for all at once.
func (s *Service) pipedViews(ctx context.Context, pipeds []*model.Piped, now time.Time) ([]*webv1.Piped, error) {
	ids := make([]string, len(pipeds))
	for i, p := range pipeds {
		ids[i] = p.ID
	}
	leases, err := s.store.GetLeases(ctx, ids)
	if err != nil {
		return nil, err
	}
	counts, err := s.store.CountApplicationsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	views := make([]*webv1.Piped, len(pipeds))
	for i, p := range pipeds {
		view := &webv1.Piped{
			Piped:            convert.PipedToPB(p, now),
			LastSeenAt:       convert.Seconds(p.LastSeenAt),
			ApplicationCount: int32(min(counts[p.ID], maxCount)), //nolint:gosec // bounded
		}
		if lease := leases[p.ID]; lease.ExpiresAt.After(now) {
			view.Host = convert.Text(lease.Host)
		}
		for _, k := range p.Keys {
			view.Keys = append(view.Keys, &webv1.PipedKey{Creator: convert.Text(k.Creator), CreatedAt: convert.Seconds(k.CreatedAt)})
		}
		views[i] = view
	}
	return views, nil
}

// maxCount is the largest number that the contract's counts hold.
const maxCount = 1<<31 - 1
