package pipedapi

import (
	"cmp"
	"context"
	"slices"
	"time"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// CreateDeploymentChain stores the first deployment together with a chain of
// blocks, one for each matcher that matches an enabled application of the
// project, and asks the agents of those applications for their deployments.
// These wait, by InChainDeploymentPlannable, for the block before theirs.
//
// An application is in the first block that matches it. All conditions of a
// matcher must hold; one without any is refused.
func (s *Service) CreateDeploymentChain(ctx context.Context, req *pipedservice.CreateDeploymentChainRequest) (*pipedservice.CreateDeploymentChainResponse, error) {
	first, caller, err := s.newDeployment(ctx, req.GetFirstDeployment())
	if err != nil {
		return nil, err
	}
	matchers, err := chainMatchers(req.GetMatchers())
	if err != nil {
		return nil, err
	}
	blocks, err := s.matchBlocks(ctx, first, matchers)
	if err != nil {
		return nil, err
	}
	start, err := startOf(first, blocks)
	if err != nil {
		return nil, err
	}
	if err := s.store.StartChain(ctx, caller.Fence, start); err != nil {
		return nil, err
	}
	s.hub.Notify(notify.OfDeployment(first)...)
	agents := map[string]bool{}
	for _, c := range start.Commands {
		agents[c.PipedID] = true
	}
	for id := range agents {
		s.hub.Notify(notify.Commands(id))
	}
	return &pipedservice.CreateDeploymentChainResponse{}, nil
}

// matcher selects the applications of a block.
type matcher struct {
	name   string
	kind   *model.ApplicationKind
	labels map[string]string
}

func chainMatchers(in []*pipedservice.CreateDeploymentChainRequest_ApplicationMatcher) ([]matcher, error) {
	if err := checkCount("matchers", len(in), model.MaxChainBlocks-1); err != nil {
		return nil, err
	}
	out := make([]matcher, len(in))
	for i, p := range in {
		out[i] = matcher{name: p.GetName(), labels: p.GetLabels()}
		switch number, known := modelpb.ApplicationKind_value[p.GetKind()]; {
		case known:
			kind := model.ApplicationKind(number)
			out[i].kind = &kind
		case p.GetKind() != "":
			return nil, model.Errorf(model.CodeInvalid, "matcher %d of the deployment chain names the kind %q, which does not exist", i, p.GetKind())
		case p.GetName() == "" && len(p.GetLabels()) == 0:
			return nil, model.Errorf(model.CodeInvalid, "matcher %d of the deployment chain is empty; give it a name, a kind or labels", i)
		}
	}
	return out, nil
}

func (m matcher) matches(a *model.Application) bool {
	for k, v := range m.labels {
		if have, ok := a.Labels[k]; !ok || have != v {
			return false
		}
	}
	return (m.name == "" || m.name == a.Name) && (m.kind == nil || *m.kind == a.Kind)
}

// matchBlocks returns the applications of each matcher that has any, by name. It
// reads the project's applications once, however many matchers there are.
func (s *Service) matchBlocks(ctx context.Context, first *model.Deployment, matchers []matcher) ([][]*model.Application, error) {
	if len(matchers) == 0 {
		return nil, nil
	}
	var (
		disabled = false
		filter   = datastore.ApplicationFilter{ProjectID: first.ProjectID, Disabled: &disabled}
		seen     = map[string]bool{first.ApplicationID: true} // also: the list moves while it is read
		blocks   = make([][]*model.Application, len(matchers))
	)
	err := s.eachApplication(ctx, filter, func(a *model.Application) {
		i := slices.IndexFunc(matchers, func(m matcher) bool { return m.matches(a) })
		if i >= 0 && !seen[a.ID] {
			seen[a.ID] = true
			blocks[i] = append(blocks[i], a)
		}
	})
	if err != nil {
		return nil, err
	}
	if err := checkCount("applications in one deployment chain", len(seen), model.MaxChainNodes); err != nil {
		return nil, err
	}
	for _, b := range blocks {
		slices.SortFunc(b, func(x, y *model.Application) int { return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID)) })
	}
	return slices.DeleteFunc(blocks, func(b []*model.Application) bool { return len(b) == 0 }), nil
}

// startOf makes the chain, puts the first deployment into it, and makes the
// commands for the rest.
func startOf(first *model.Deployment, blocks [][]*model.Application) (datastore.ChainStart, error) {
	now := first.CreatedAt
	chain := &model.DeploymentChain{ID: model.NewID(), ProjectID: first.ProjectID, CreatedAt: now, UpdatedAt: now}
	chain.Blocks = []model.ChainBlock{{Nodes: []model.ChainNode{{ApplicationID: first.ApplicationID, ApplicationName: first.ApplicationName}}}}
	first.ChainID, first.ChainBlock = chain.ID, 0
	start := datastore.ChainStart{Chain: chain, First: first}
	index := uint32(0)
	for _, apps := range blocks {
		index++
		var b model.ChainBlock
		for _, a := range apps {
			b.Nodes = append(b.Nodes, model.ChainNode{ApplicationID: a.ID, ApplicationName: a.Name})
			start.Commands = append(start.Commands, &model.Command{
				ID: model.NewID(), PipedID: a.PipedID, ProjectID: a.ProjectID, ApplicationID: a.ID, Commander: chain.ID,
				Type: model.CommandChainSync, ChainID: chain.ID, ChainBlock: index, CreatedAt: now, UpdatedAt: now,
			})
		}
		chain.Blocks = append(chain.Blocks, b)
	}
	return start, chain.Attach(0, first, now)
}

// checkChain refuses a new deployment that names a chain of which it cannot be
// part.
func (s *Service) checkChain(ctx context.Context, caller *auth.Piped, d *model.Deployment) error {
	if d.ChainID == "" {
		return nil
	}
	chain, err := s.chain(ctx, caller, d.ChainID)
	if err != nil {
		return err
	}
	return chain.Attach(d.ChainBlock, d, d.CreatedAt)
}

// chain returns a chain of the agent's project. CodeInvalid for one that does
// not exist, as agents know it.
func (s *Service) chain(ctx context.Context, caller *auth.Piped, id string) (*model.DeploymentChain, error) {
	chain, err := s.store.GetChain(ctx, id)
	switch {
	case err != nil && model.CodeOf(err) != model.CodeNotFound:
		return nil, err
	case err != nil, chain.ProjectID != caller.Piped.ProjectID:
		return nil, model.Errorf(model.CodeInvalid, "deployment chain %q does not exist", id)
	}
	return chain, nil
}

// inChain is the chain that a report names for its deployment; agents leave it
// empty outside of chains.
type inChain struct {
	id    string
	block uint32
}

// chainOf returns the chain that a report names.
func chainOf(req namesChain) inChain {
	return inChain{req.GetDeploymentChainId(), req.GetDeploymentChainBlockIndex()}
}

func (c inChain) check(d *model.Deployment) error {
	if c.id != "" && (c.id != d.ChainID || c.block != d.ChainBlock) {
		return model.Errorf(model.CodeInvalid, "deployment %s is not in block %d of deployment chain %q", d.ID, c.block, c.id)
	}
	return nil
}

// tellChain lets the deployment's chain know its status. The deployment's own
// row is the truth: what the chain's rules refuse is no reason to refuse a report
// that was recorded, but what can be tried again makes the agent report again.
func (s *Service) tellChain(ctx context.Context, d *model.Deployment) error {
	if d.ChainID == "" {
		return nil
	}
	return s.changeChain(ctx, d.ChainID, func(c *model.DeploymentChain, now time.Time) error { return c.Report(d.ChainBlock, d, now) })
}

// tellChainRefused lets the chain know that no deployment will come of a
// command.
func (s *Service) tellChainRefused(ctx context.Context, c *model.Command) error {
	if c.Type != model.CommandChainSync || c.Status == model.CommandNotHandled || c.Status == model.CommandSucceeded {
		return nil
	}
	return s.changeChain(ctx, c.ChainID, func(chain *model.DeploymentChain, now time.Time) error {
		return chain.Fail(c.ChainBlock, c.ApplicationID, now)
	})
}

func (s *Service) changeChain(ctx context.Context, id string, change func(*model.DeploymentChain, time.Time) error) error {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	_, err = s.store.UpdateChain(ctx, caller.Fence, id, func(c *model.DeploymentChain) error { return change(c, now) })
	switch model.CodeOf(err) {
	case model.CodeNotFound, model.CodeInvalid, model.CodeFailedPrecondition:
		return nil
	default:
		return err
	}
}

// InChainDeploymentPlannable says whether a deployment of a chain may be
// planned, or has to be cancelled because a block before its own failed.
func (s *Service) InChainDeploymentPlannable(ctx context.Context, req *pipedservice.InChainDeploymentPlannableRequest) (*pipedservice.InChainDeploymentPlannableResponse, error) {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return nil, err
	}
	d, err := s.deployment(ctx, req.GetDeploymentId())
	if err != nil {
		return nil, err
	}
	chain, err := s.chain(ctx, caller, req.GetDeploymentChainId())
	if err != nil {
		return nil, err
	}
	plannable, cancel, err := chain.Plannable(req.GetDeploymentChainBlockIndex())
	if err != nil {
		return nil, err
	}
	if err := chainOf(req).check(d); err != nil {
		return nil, err
	}
	return &pipedservice.InChainDeploymentPlannableResponse{Plannable: plannable, Cancel: cancel != "", CancelReason: cancel}, nil
}
