package ecs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// report gathers the problems of a preflight, so that all are told at once.
type report struct{ problems []string }

func (r *report) addf(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

func (r *report) err() error {
	switch len(r.problems) {
	case 0:
		return nil
	case 1:
		return model.Errorf(model.CodeFailedPrecondition, platform.NothingChanged+", because %s", r.problems[0])
	}
	var all strings.Builder // one line: it is shown in lists and tables too
	for i, problem := range r.problems {
		fmt.Fprintf(&all, " (%d) %s", i+1, strings.TrimRight(problem, "."))
		if i < len(r.problems)-1 {
			all.WriteByte(';')
		}
	}
	return model.Errorf(model.CodeFailedPrecondition, platform.NothingChanged+", because %d things are in the way:%s", len(r.problems), all.String())
}

// Preflight checks the cluster, the service, its task sets, the target groups,
// the listener rules, and the roles and images of the task definition, and
// records the state before the deployment.
func (t *target) Preflight(ctx context.Context, log platform.Log) (platform.Baseline, error) {
	for _, n := range t.app.Notes {
		log.Infof("%s", n)
	}
	for _, n := range t.notes {
		log.Infof("%s", n)
	}
	var (
		b platform.Baseline
		r report
	)
	for _, check := range t.checks() {
		if err := check(ctx, &b, &r, log); err != nil {
			// A check that could not be made is a problem like another, unless waiting or leaving is the answer.
			if model.IsRetryable(err) || ctx.Err() != nil {
				return b, err
			}
			r.addf("%s", err)
		}
	}
	return b, r.err()
}

type check func(context.Context, *platform.Baseline, *report, platform.Log) error

func (t *target) checks() []check {
	if t.app.Standalone == nil {
		return []check{t.checkService, t.checkTraffic, t.checkRoles, t.checkImages}
	}
	return []check{func(ctx context.Context, b *platform.Baseline, r *report, _ platform.Log) error {
		b.Sets = []platform.Set{}
		return t.checkCluster(ctx, r)
	}, t.checkRoles, t.checkImages}
}

const defaultCluster = "default"

// checkCluster says why there is no service. A service that exists is in a
// cluster that does.
func (t *target) checkCluster(ctx context.Context, r *report) error {
	name := t.service.cluster()
	if name == "" {
		name = defaultCluster
	}
	out, err := call(ctx, "reading cluster "+name, func(ctx context.Context) (*awsecs.DescribeClustersOutput, error) {
		return t.clients.ecs.DescribeClusters(ctx, &awsecs.DescribeClustersInput{Clusters: []string{name}})
	})
	if err != nil {
		return err
	}
	if len(out.Clusters) == 0 {
		r.addf("cluster %s does not exist in this account and region: check cluster in the service definition and region in the piped file", name)
	} else if status := aws.ToString(out.Clusters[0].Status); status != statusActive {
		r.addf("cluster %s is %s, not ACTIVE", name, status)
	}
	return nil
}

func (t *target) checkService(ctx context.Context, b *platform.Baseline, r *report, log platform.Log) error {
	live, err := t.describeService(ctx)
	if model.CodeOf(err) == model.CodeNotFound {
		return t.checkCluster(ctx, r)
	}
	if err != nil {
		return err
	}
	if live == nil {
		b.Sets = []platform.Set{}
		t.checkCreation(r, log)
		return t.checkCluster(ctx, r)
	}
	b.ServiceExisted = true
	if live.DeploymentController == nil || live.DeploymentController.Type != types.DeploymentControllerTypeExternal {
		r.addf("service %s has the deployment controller %s; only EXTERNAL can have a canary, and the controller of a service cannot be changed: "+
			"deploy under a new serviceName, move the requests there, and delete the old service", t.service.ServiceName, controllerOf(live))
		return nil
	}
	for _, problem := range t.service.unchangeable(live) {
		r.addf("%s", problem)
	}
	settings, err := json.Marshal(baselineOf(live))
	if err != nil {
		return model.Wrap(model.CodeInternal, err, "recording the settings of the service")
	}
	b.Service = settings
	return t.checkSets(ctx, b, log)
}

// checkCreation checks what only the service's creation needs.
func (t *target) checkCreation(r *report, log platform.Log) {
	if t.service.DesiredCount == nil {
		r.addf("service %s does not exist yet and its definition has no desiredCount to create it with", t.service.ServiceName)
	}
	log.Infof("Service %s does not exist yet and will be created", t.service.ServiceName)
	if role := t.service.role(); role != "" {
		log.Infof("role %s is not given to it: a service under the EXTERNAL controller uses the service-linked role of Amazon ECS", role)
	}
}

func controllerOf(s *types.Service) types.DeploymentControllerType {
	if s.DeploymentController == nil {
		return types.DeploymentControllerTypeEcs
	}
	return s.DeploymentController.Type
}

// checkSets records the sets, the primary one above all with its definition, and
// names those that are not ours.
func (t *target) checkSets(ctx context.Context, b *platform.Baseline, log platform.Log) error {
	sets, err := t.describeSets(ctx)
	if err != nil {
		return err
	}
	b.Sets = t.observed(sets).Sets
	for i, s := range b.Sets {
		switch {
		case s.Primary:
			b.PrimaryID = s.ID
			if b.PrimarySet, err = json.Marshal(sets[i]); err != nil {
				return model.Wrap(model.CodeInternal, err, "recording the primary task set")
			}
			if _, err := t.describeRevision(ctx, s.Revision); err != nil {
				return err
			}
		case !s.Ours && !s.Draining:
			b.ForeignIDs = append(b.ForeignIDs, s.ID)
			log.Infof("Task set %s was not made by this application's deployments and is left alone", s.ID)
		}
	}
	return nil
}

// checkTraffic checks the target groups and the rules, and records the rules
// that may change.
func (t *target) checkTraffic(ctx context.Context, b *platform.Baseline, r *report, log platform.Log) error {
	traffic := &traffic{target: t}
	rt := traffic.routing()
	if len(rt.pairs) == 0 {
		log.Infof("The application names no target group: tasks are replaced without moving requests")
		return nil
	}
	groups, err := t.describeGroups(ctx, rt.groups()...)
	if err != nil {
		return fmt.Errorf("the target groups of input.targetGroups: %w", err)
	}
	for i := range groups {
		t.checkGroup(&groups[i], rt, r)
	}
	if rt.rules, err = t.rulesBehind(ctx, balancersOf(groups)); err != nil {
		return err
	}
	t.session.learnRules(rt)
	if _, short := rt.extendable(); len(r.problems) == 0 && len(short) > 0 {
		r.addf("%s", noRule(rt))
	}
	return recordRouting(b, rt, log)
}

func (t *target) checkGroup(g *elbtypes.TargetGroup, rt routing, r *report) {
	arn := aws.ToString(g.TargetGroupArn)
	if t.task.NetworkMode == types.NetworkModeAwsvpc && g.TargetType != elbtypes.TargetTypeEnumIp {
		r.addf("target group %s has target type %s; tasks in network mode awsvpc need a group of type ip", shortGroup(arn), g.TargetType)
	}
	if len(g.LoadBalancerArns) == 0 && slices.Contains(rt.roleGroups(platform.RolePrimary), arn) {
		r.addf("target group %s hangs on no load balancer: make a listener forward to it", shortGroup(arn))
	}
}

func recordRouting(b *platform.Baseline, rt routing, log platform.Log) error {
	w, agree := rt.weights()
	if !agree {
		log.Infof("The listener rules do not agree on the shares of the two groups; the deployment will give them the same: %s", rt.describe())
	}
	rules, err := json.Marshal(rt.touched())
	if err != nil {
		return model.Wrap(model.CodeInternal, err, "recording the listener rules")
	}
	b.Routed, b.Weights, b.Uneven, b.Routing = true, w, !agree, rules
	b.Standing = rt.standing(func(group string) bool {
		return !slices.ContainsFunc(b.Sets, func(s platform.Set) bool { return !s.Draining && slices.Contains(s.Groups(), group) })
	})
	for group, rules := range b.Standing {
		log.Infof("%d rule(s) of the listeners always forward to target group %s and stay as they are: they are answered only while tasks are in it", len(rules), shortGroup(group))
	}
	return nil
}
