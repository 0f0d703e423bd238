package wiretest

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"pipecd/pkg/model"
)

// chainWorld is a chain web (mine) -> db and cache (mine, other) -> lb (other).
type chainWorld struct {
	*world

	id    string
	first things
	apps  map[string]string
}

func newChainWorld(t *testing.T) *chainWorld {
	t.Helper()
	c := &chainWorld{world: newWorld(t), apps: map[string]string{}}
	label := func(tier string) func(*model.Application) {
		return func(a *model.Application) { a.Labels = map[string]string{"tier": tier} }
	}
	c.apps["web"] = c.application(c.mine, "web", label("data"))
	c.apps["db"], c.apps["cache"] = c.application(c.mine, "db", label("data")), c.application(c.other, "cache", label("data"))
	c.apps["lb"] = c.application(c.other, "lb", nil)
	c.application(c.other, "off", func(a *model.Application) { a.Disabled, a.Labels = true, map[string]string{"tier": "data"} })
	c.application(c.foreign, "lb", nil)
	c.first = things{app: c.apps["web"], deployment: model.NewID()}
	c.call(c.mine, "CreateDeploymentChain", Value{
		"first_deployment": newDeployment(c.mine, c.first),
		"matchers":         []Value{{"labels": map[string]string{"tier": "data"}}, {"name": "nobody"}, {"name": "lb", "kind": "ECS"}, {"kind": "ECS", "name": "db"}},
	})
	c.id, _ = at(c.call(c.mine, "GetDeployment", Value{"id": c.first.deployment}), "deployment", "deployment_chain_id").(string)
	return c
}

// commands returns what an agent is asked for, by application.
func (c *chainWorld) commands(a agent) map[string]Value {
	out := map[string]Value{}
	list, _ := c.call(a, "ListUnhandledCommands", Value{})["commands"].([]any)
	for _, item := range list {
		v, _ := item.(Value)
		id, _ := at(v, "chain_sync_application", "application_id").(string)
		out[id] = v
	}
	return out
}

// deploy does what an agent does with a command, and returns the deployment.
func (c *chainWorld) deploy(a agent, name string) things {
	c.t.Helper()
	cmd := c.commands(a)[c.apps[name]]
	th := things{app: c.apps[name], deployment: model.NewID()}
	d := newDeployment(a, th)
	d["deployment_chain_id"] = at(cmd, "chain_sync_application", "deployment_chain_id")
	d["deployment_chain_block_index"] = at(cmd, "chain_sync_application", "block_index")
	if d["deployment_chain_block_index"] == nil {
		c.t.Fatalf("%s has no command", name)
	}
	c.call(a, "CreateDeployment", Value{"deployment": d})
	c.call(a, "ReportCommandHandled", Value{
		"command_id": at(cmd, "id"), "status": 1, "handled_at": someTime, "metadata": map[string]string{"TriggeredDeploymentID": th.deployment},
	})
	return th
}

func (c *chainWorld) plannable(a agent, th things, block int) Value {
	c.t.Helper()
	return c.call(a, "InChainDeploymentPlannable", Value{"deployment_id": th.deployment, "deployment_chain_id": c.id, "deployment_chain_block_index": block})
}

func (c *chainWorld) complete(a agent, th things, block, status int) {
	c.t.Helper()
	in := func(v Value) Value {
		v["deployment_id"], v["deployment_chain_id"], v["deployment_chain_block_index"] = th.deployment, c.id, block
		return v
	}
	c.call(a, "ReportDeploymentPlanned", in(Value{}))
	c.call(a, "ReportDeploymentStatusChanged", in(Value{"status": 2}))
	c.call(a, "ReportDeploymentCompleted", in(Value{"status": status, "status_reason": "so", "completed_at": someTime}))
}

func (c *chainWorld) status(want model.ChainStatus) {
	c.t.Helper()
	chain, err := c.store.GetChain(c.t.Context(), c.id)
	c.must(err)
	if chain.Status != want {
		c.t.Errorf("the chain is %s, want %s", chain.Status, want)
	}
}

func TestChainRunsBlockByBlock(t *testing.T) {
	t.Parallel()
	c := newChainWorld(t)
	mine, others := c.commands(c.mine), c.commands(c.other)
	if len(mine) != 1 || len(others) != 2 {
		t.Fatalf("commands %v and %v", mine, others)
	}
	c.want(5, mine[c.apps["db"]], "type")
	c.want(c.id, mine[c.apps["db"]], "commander")
	c.want(2, others[c.apps["lb"]], "chain_sync_application", "block_index")
	db, cache, lb := c.deploy(c.mine, "db"), c.deploy(c.other, "cache"), c.deploy(c.other, "lb")
	c.want(1, c.plannable(c.mine, c.first, 0), "plannable")
	c.want(0, c.plannable(c.mine, db, 1), "plannable")
	c.complete(c.mine, c.first, 0, 4)
	c.status(model.ChainRunning)
	c.want(1, c.plannable(c.mine, db, 1), "plannable")
	c.complete(c.mine, db, 1, 4)
	c.want(0, c.plannable(c.other, lb, 2), "plannable")
	c.complete(c.other, cache, 1, 4)
	c.want(1, c.plannable(c.other, lb, 2), "plannable")
	c.complete(c.other, lb, 2, 4)
	c.status(model.ChainSuccess)
}

func TestChainEndsWithTheFirstFailure(t *testing.T) {
	t.Parallel()
	c := newChainWorld(t)
	lb := c.deploy(c.other, "lb")
	c.complete(c.mine, c.first, 0, 6)
	got := c.plannable(c.other, lb, 2)
	c.want(0, got, "plannable")
	c.want(1, got, "cancel")
	if reason, _ := got["cancel_reason"].(string); !strings.Contains(reason, "CANCELLED") {
		t.Errorf("the reason is %q", reason)
	}
	c.status(model.ChainCancelled)
}

func TestChainEndsWhenAnAgentRefuses(t *testing.T) {
	t.Parallel()
	c := newChainWorld(t)
	lb := c.deploy(c.other, "lb")
	c.complete(c.mine, c.first, 0, 4)
	cmd := c.commands(c.mine)[c.apps["db"]]
	c.call(c.mine, "ReportCommandHandled", Value{"command_id": at(cmd, "id"), "status": 2, "handled_at": someTime})
	c.status(model.ChainFailure)
	c.want(1, c.plannable(c.other, lb, 2), "cancel")
}

func TestChainErrors(t *testing.T) {
	t.Parallel()
	c := newChainWorld(t)
	start := func(matchers ...Value) Value {
		th := things{app: c.apps["db"], deployment: model.NewID()}
		return Value{"first_deployment": newDeployment(c.mine, th), "matchers": matchers}
	}
	c.refused(codes.InvalidArgument, c.mine, "CreateDeploymentChain", start(Value{"kind": "MAINFRAME"}))
	c.refused(codes.InvalidArgument, c.mine, "CreateDeploymentChain", start(Value{}))
	c.refused(codes.AlreadyExists, c.mine, "CreateDeploymentChain", Value{"first_deployment": newDeployment(c.mine, c.first)})
	if n := len(c.commands(c.other)); n != 2 {
		t.Errorf("%d commands are left of chains that were refused", n-2)
	}
	ask := func(deployment, chain string, block int) Value {
		return Value{"deployment_id": deployment, "deployment_chain_id": chain, "deployment_chain_block_index": block}
	}
	c.refused(codes.InvalidArgument, c.mine, "InChainDeploymentPlannable", ask(c.first.deployment, model.NewID(), 0))
	c.refused(codes.InvalidArgument, c.mine, "InChainDeploymentPlannable", ask(c.first.deployment, c.id, 3))
	c.refused(codes.InvalidArgument, c.mine, "InChainDeploymentPlannable", ask(c.first.deployment, c.id, 1))
	far := c.things(c.foreign)
	c.refused(codes.InvalidArgument, c.foreign, "InChainDeploymentPlannable", ask(far.deployment, c.id, 0))
	into := func(a agent, app, chain string, block int) Value {
		d := newDeployment(a, things{app: app, deployment: model.NewID()})
		d["deployment_chain_id"], d["deployment_chain_block_index"] = chain, block
		return Value{"deployment": d}
	}
	c.refused(codes.InvalidArgument, c.mine, "CreateDeployment", into(c.mine, c.apps["db"], c.id, 2))
	c.refused(codes.InvalidArgument, c.mine, "CreateDeployment", into(c.mine, c.apps["db"], model.NewID(), 1))
	c.refused(codes.InvalidArgument, c.foreign, "CreateDeployment", into(c.foreign, far.app, c.id, 1))
	c.deploy(c.mine, "db")
	c.refused(codes.FailedPrecondition, c.mine, "CreateDeployment", into(c.mine, c.apps["db"], c.id, 1))
	c.refused(codes.InvalidArgument, c.mine, "ReportDeploymentStatusChanged",
		Value{"deployment_id": c.first.deployment, "status": 2, "deployment_chain_id": model.NewID()})
}
