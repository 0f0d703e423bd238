package ecs

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// countOwner is Application Auto Scaling's answer about the service's desired
// count.
type countOwner struct {
	owned            bool
	minimum, maximum int32
	unknown          error // set: it did not answer
}

// leaveOwnedCount takes the desired count out of an update when an autoscaling
// target owns it, or when that cannot be known and tasks run that a wrong count
// would harm. It is called only where the count would change.
func (t *target) leaveOwnedCount(ctx context.Context, in *awsecs.UpdateServiceInput, live int32, log platform.Log) error {
	if in.DesiredCount == nil {
		return nil
	}
	owner, err := t.countOwner(ctx)
	if err != nil {
		return err
	}
	wanted := *in.DesiredCount
	switch {
	case owner.unknown != nil && live == 0:
		log.Infof("Whether an autoscaling target owns the desired count is not known (%s). The service has no task, so it gets desiredCount %d", owner.unknown, wanted)
		return nil
	case owner.unknown != nil:
		log.Infof("Whether an autoscaling target owns the desired count is not known (%s). It is left at %d; desiredCount %d is not applied", owner.unknown, live, wanted)
	case !owner.owned:
		return nil
	default:
		log.Infof("The desired count belongs to an autoscaling target (%d to %d tasks): its %d is kept and desiredCount %d is not applied%s",
			owner.minimum, owner.maximum, live, wanted, owner.outside(live))
	}
	in.DesiredCount = nil
	return nil
}

// outside says what becomes of a count beyond the target's bounds: AWS brings it
// back by itself, so nobody else should.
func (o *countOwner) outside(live int32) string {
	if within := min(max(live, o.minimum), o.maximum); within != live {
		return fmt.Sprintf(". That is outside of its bounds: Application Auto Scaling sets it to %d when it scales next", within)
	}
	return ""
}

// countOwner asks once per process. Only the end of ctx is an error: an answer
// that cannot be had must not stop a deployment.
func (t *target) countOwner(ctx context.Context) (*countOwner, error) {
	if o := t.session.knownOwner(); o != nil {
		return o, nil
	}
	out, err := t.clients.scaling.DescribeScalableTargets(ctx, &scaling.DescribeScalableTargetsInput{
		ServiceNamespace:  scalingtypes.ServiceNamespaceEcs,
		ScalableDimension: scalingtypes.ScalableDimensionECSServiceDesiredCount,
		ResourceIds:       []string{t.scalableID()},
	})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	owner := &countOwner{unknown: translate(err, "reading the autoscaling target of service "+t.service.ServiceName)}
	if err == nil && len(out.ScalableTargets) > 0 {
		found := out.ScalableTargets[0]
		owner.owned, owner.minimum, owner.maximum = true, aws.ToInt32(found.MinCapacity), aws.ToInt32(found.MaxCapacity)
	}
	if err == nil || model.CodeOf(owner.unknown) == model.CodePermissionDenied {
		t.session.learnOwner(owner)
	}
	return owner, nil
}

// scalableID is what Application Auto Scaling calls the service.
func (t *target) scalableID() string {
	cluster := t.service.cluster()
	cluster = cluster[strings.LastIndexByte(cluster, '/')+1:]
	if cluster == "" {
		cluster = defaultCluster
	}
	return "service/" + cluster + "/" + t.service.ServiceName
}
