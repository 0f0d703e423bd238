package simtest

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	awselb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// meddling is what somebody else does to what the deployment works on.
type meddling struct {
	Kind  meddlingKind
	After time.Duration
}

type meddlingKind string

// The kinds.
const (
	movesRequests meddlingKind = "moves requests"
	addsSet       meddlingKind = "adds a set"
	deletesCanary meddlingKind = "deletes the canary"
	scalesService meddlingKind = "scales the service"
)

// meddle does it. A call that is refused, because there is nothing to meddle
// with yet, changes nothing.
func (w *world) meddle() {
	w.watch.hurt()
	w.schedule.note("hands", string(w.scenario.Meddling.Kind))
	switch w.scenario.Meddling.Kind {
	case movesRequests:
		w.moveRequests()
	case addsSet:
		in := w.hands.setInput(serviceName, w.hands.register(serviceName, "x1"), "", 10)
		if _, err := w.hands.ecs.CreateTaskSet(w.ctx, in); err == nil { // there may be no service, or no room
			w.strangers.Add(1)
		}
	case deletesCanary:
		_, sets := w.serviceNamed(serviceName)
		for _, s := range sets {
			if tagIn(s.Tags, "pipecd-dev-role") == "canary" && tagIn(s.Tags, "pipecd-dev-deployment") != earlierDeployment {
				_, _ = w.hands.ecs.DeleteTaskSet(w.ctx, &awsecs.DeleteTaskSetInput{
					Cluster: s.ClusterArn, Service: aws.String(serviceName), TaskSet: s.TaskSetArn, Force: aws.Bool(true),
				}) // it may be gone by now
			}
		}
	case scalesService:
		_, _ = w.hands.ecs.UpdateService(w.ctx, &awsecs.UpdateServiceInput{
			Cluster: aws.String(clusterName), Service: aws.String(serviceName), DesiredCount: aws.Int32(desired + 1),
		}) // there may be none yet
	}
}

// moveRequests gives the first rule of ours other weights.
func (w *world) moveRequests() {
	blue, green := w.cloud.ELB.TargetGroupARN("blue"), w.cloud.ELB.TargetGroupARN("green")
	for _, l := range must(w.hands.elb.DescribeListeners(w.ctx, &awselb.DescribeListenersInput{
		LoadBalancerArn: aws.String(w.cloud.ELB.LoadBalancerARN("public")),
	})).Listeners {
		if !forwardsTo(l.DefaultActions, green) {
			continue
		}
		actions := l.DefaultActions
		actions[len(actions)-1].TargetGroupArn = nil
		actions[len(actions)-1].ForwardConfig = &elbtypes.ForwardActionConfig{TargetGroups: []elbtypes.TargetGroupTuple{
			{TargetGroupArn: aws.String(blue), Weight: aws.Int32(90)}, {TargetGroupArn: aws.String(green), Weight: aws.Int32(10)},
		}}
		must(w.hands.elb.ModifyListener(w.ctx, &awselb.ModifyListenerInput{
			ListenerArn: l.ListenerArn, DefaultActions: actions,
		}))
		return
	}
}

// strange reports whether a set is that of other hands.
func (w *world) strange(s types.TaskSet) bool { return w.versionOf(s) == "x1" }
