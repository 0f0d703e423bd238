package simtest

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	awselb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// picture is the cloud at one moment.
type picture struct {
	Service *types.Service // nil: there is none
	Sets    []types.TaskSet
	Rules   map[string]elbtypes.Rule // by ARN
	Others  string                   // what is nobody's but others', as text
}

// look takes a picture.
func (w *world) look() picture {
	p := picture{Rules: map[string]elbtypes.Rule{}}
	p.Service, p.Sets = w.serviceNamed(serviceName)
	var others []any
	for _, l := range must(w.hands.elb.DescribeListeners(w.ctx, &awselb.DescribeListenersInput{
		LoadBalancerArn: aws.String(w.cloud.ELB.LoadBalancerARN("public")),
	})).Listeners {
		out := must(w.hands.elb.DescribeRules(w.ctx, &awselb.DescribeRulesInput{ListenerArn: l.ListenerArn}))
		for _, r := range out.Rules {
			if forwardsTo(r.Actions, w.cloud.ELB.TargetGroupARN("blue")) {
				p.Rules[aws.ToString(r.RuleArn)] = r
			} else {
				others = append(others, r)
			}
		}
	}
	service, sets := w.serviceNamed(otherName)
	service.Events, service.TaskSets = nil, nil
	for i := range sets {
		sets[i].StabilityStatusAt = nil
	}
	p.Others = text(append(others, service, sets))
	return p
}

func (w *world) serviceNamed(name string) (*types.Service, []types.TaskSet) {
	out := must(w.hands.ecs.DescribeServices(w.ctx, &awsecs.DescribeServicesInput{
		Cluster: aws.String(clusterName), Services: []string{name}, Include: []types.ServiceField{types.ServiceFieldTags},
	}))
	at := slices.IndexFunc(out.Services, func(s types.Service) bool { return aws.ToString(s.Status) != "INACTIVE" })
	if at < 0 {
		return nil, nil
	}
	sets := must(w.hands.ecs.DescribeTaskSets(w.ctx, &awsecs.DescribeTaskSetsInput{
		Cluster: aws.String(clusterName), Service: aws.String(name), Include: []types.TaskSetField{types.TaskSetFieldTags},
	}))
	return &out.Services[at], sets.TaskSets
}

func forwardsTo(actions []elbtypes.Action, group string) bool {
	return slices.ContainsFunc(sharesOf(actions), func(t elbtypes.TargetGroupTuple) bool { return aws.ToString(t.TargetGroupArn) == group })
}

func sharesOf(actions []elbtypes.Action) []elbtypes.TargetGroupTuple {
	var all []elbtypes.TargetGroupTuple
	for _, a := range actions {
		if a.ForwardConfig != nil {
			all = append(all, a.ForwardConfig.TargetGroups...)
		}
	}
	return all
}

// text is a value in a form that can be compared.
func text(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err) // descriptions always have a form
	}
	return string(out)
}

// effects are the things that calls of the agent made. It is safe for concurrent
// use.
type effects struct {
	mu          sync.Mutex
	sets        map[string]map[string]bool // sets by deployment and step
	definitions map[string]bool
}

// made remembers what a call made, whether or not its answer arrived.
func (e *effects) made(call string, a answer) {
	if a.status != 200 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch call {
	case "CreateTaskSet":
		var out struct {
			TaskSet struct {
				TaskSetArn string
				Tags       []types.Tag
			}
		}
		if json.Unmarshal(a.body, &out) == nil {
			if e.sets == nil {
				e.sets = map[string]map[string]bool{}
			}
			key := tagIn(out.TaskSet.Tags, "pipecd-dev-step")
			if e.sets[key] == nil {
				e.sets[key] = map[string]bool{}
			}
			e.sets[key][out.TaskSet.TaskSetArn] = true
		}
	case "RegisterTaskDefinition":
		var out struct {
			TaskDefinition struct{ TaskDefinitionArn string }
		}
		if json.Unmarshal(a.body, &out) == nil {
			if e.definitions == nil {
				e.definitions = map[string]bool{}
			}
			e.definitions[out.TaskDefinition.TaskDefinitionArn] = true
		}
	}
}

func tagIn(tags []types.Tag, key string) string {
	for _, t := range tags {
		if strings.EqualFold(aws.ToString(t.Key), key) {
			return aws.ToString(t.Value)
		}
	}
	return ""
}
