package webapi

import (
	"context"

	"google.golang.org/protobuf/proto"

	"pipecd/pkg/controlplane/memo"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// maxPages bounds how many pages of a list are remembered, of all projects. A
// page is some ten kilobytes.
const maxPages = 500

// pages are the pages of the lists that were read a moment ago: all browsers of
// a project are told of a change at the same time, and then ask the same.
type pages struct {
	applications *memo.Memo[*webv1.ListApplicationsResponse]
	deployments  *memo.Memo[*webv1.ListDeploymentsResponse]
}

func newPages(hub *notify.Hub) pages {
	return pages{
		applications: memo.New[*webv1.ListApplicationsResponse](hub, maxPages),
		deployments:  memo.New[*webv1.ListDeploymentsResponse](hub, maxPages),
	}
}

// remembered answers req from the pages, or with what read returns. Everybody in
// the project sees the same page.
func remembered[R any](
	ctx context.Context, of *memo.Memo[R], projectID string, req proto.Message, changed notify.Topic, read func(context.Context) (R, error),
) (R, error) {
	asked, err := proto.MarshalOptions{Deterministic: true}.Marshal(req)
	if err != nil {
		var none R
		return none, model.Wrap(model.CodeInternal, err, "naming the page of a list")
	}
	return of.Get(ctx, projectID+"\x00"+string(asked), read, changed)
}
