package autoscaling

import (
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/google/uuid"

	"pipecd/pkg/simcloud/wire"
)

func (s *Simulator) register(in *scaling.RegisterScalableTargetInput) (*scaling.RegisterScalableTargetOutput, error) {
	cluster, service, err := identify(in.ServiceNamespace, in.ResourceId, in.ScalableDimension)
	if err != nil {
		return nil, err
	}
	if _, ok := s.cfg.Services.DesiredCount(cluster, service); !ok {
		return nil, invalid("ECS service doesn't exist: %s", *in.ResourceId)
	}
	known := s.find(cluster, service)
	next := scalable{cluster: cluster, service: service}
	switch {
	case known != nil:
		next = *known
	case in.MinCapacity == nil || in.MaxCapacity == nil:
		return nil, invalid("To register a new scalable target, you must specify the minimum and maximum capacity.")
	default:
		next.created = time.Now().UTC()
		next.arn = "arn:aws:application-autoscaling:" + s.cfg.Region + ":" + s.cfg.Account + ":scalable-target/" + uuid.NewString()
	}
	if err := next.apply(in); err != nil {
		return nil, err
	}
	if known == nil {
		known = &scalable{}
		s.targets = append(s.targets, known)
	}
	*known = next
	s.bound(known)
	return &scaling.RegisterScalableTargetOutput{ScalableTargetARN: aws.String(known.arn)}, nil
}

// apply changes what the request names and leaves the rest.
func (t *scalable) apply(in *scaling.RegisterScalableTargetInput) error {
	if in.MinCapacity != nil {
		t.minimum = *in.MinCapacity
	}
	if in.MaxCapacity != nil {
		t.maximum = *in.MaxCapacity
	}
	if in.SuspendedState != nil {
		t.suspended = *in.SuspendedState
	}
	switch {
	case t.minimum < 0 || t.maximum < 0:
		return invalid("Capacities must not be negative.")
	case t.minimum > t.maximum:
		return invalid("Maximum capacity cannot be less than minimum capacity")
	default:
		return nil
	}
}

// bound brings the service's count into the target's range: registering does
// that at once (API reference, RegisterScalableTarget). What UpdateService sets
// afterwards may lie outside.
func (s *Simulator) bound(t *scalable) {
	count, ok := s.cfg.Services.DesiredCount(t.cluster, t.service)
	if within := min(max(count, int(t.minimum)), int(t.maximum)); ok && within != count {
		s.cfg.Services.SetDesiredCount(t.cluster, t.service, within)
	}
}

// largestPage bounds a page, and the ids in a request.
const largestPage = 50

func (s *Simulator) describe(in *scaling.DescribeScalableTargetsInput) (*scaling.DescribeScalableTargetsOutput, error) {
	if err := describeRules(in); err != nil {
		return nil, err
	}
	size, start := largestPage, 0
	if in.MaxResults != nil {
		size = int(*in.MaxResults)
	}
	if in.NextToken != nil {
		var err error
		if start, err = strconv.Atoi(*in.NextToken); err != nil || start < 0 {
			return nil, wire.Errorf("InvalidNextTokenException", "Invalid next token.")
		}
	}
	found := s.matching(in)
	out := &scaling.DescribeScalableTargetsOutput{ScalableTargets: []types.ScalableTarget{}}
	end := min(start+size, len(found))
	for _, t := range found[min(start, len(found)):end] {
		out.ScalableTargets = append(out.ScalableTargets, s.show(t))
	}
	if end < len(found) {
		out.NextToken = aws.String(strconv.Itoa(end))
	}
	return out, nil
}

// describeRules refuses what DescribeScalableTargets refuses.
func describeRules(in *scaling.DescribeScalableTargetsInput) error {
	switch {
	case in.ServiceNamespace == "":
		return missing("serviceNamespace")
	case !slices.Contains(in.ServiceNamespace.Values(), in.ServiceNamespace):
		return unknown("serviceNamespace", string(in.ServiceNamespace))
	case in.ScalableDimension != "" && !slices.Contains(in.ScalableDimension.Values(), in.ScalableDimension):
		return unknown("scalableDimension", string(in.ScalableDimension))
	case in.ScalableDimension != "" && len(in.ResourceIds) == 0:
		return invalid("If you specify a scalable dimension, you must also specify a resource ID.")
	case len(in.ResourceIds) > largestPage:
		return invalid("At most %d resource IDs can be given.", largestPage)
	case in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > largestPage):
		return invalid("MaxResults must be between 1 and %d.", largestPage)
	default:
		return nil
	}
}

func (s *Simulator) matching(in *scaling.DescribeScalableTargetsInput) []*scalable {
	var found []*scalable
	for _, t := range s.targets {
		wanted := in.ServiceNamespace == types.ServiceNamespaceEcs &&
			(len(in.ResourceIds) == 0 || slices.Contains(in.ResourceIds, t.resource())) &&
			(in.ScalableDimension == "" || in.ScalableDimension == types.ScalableDimensionECSServiceDesiredCount)
		if wanted {
			found = append(found, t)
		}
	}
	return found
}

func (s *Simulator) show(t *scalable) types.ScalableTarget {
	return types.ScalableTarget{
		ServiceNamespace:  types.ServiceNamespaceEcs,
		ResourceId:        aws.String(t.resource()),
		ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
		MinCapacity:       aws.Int32(t.minimum),
		MaxCapacity:       aws.Int32(t.maximum),
		CreationTime:      aws.Time(t.created),
		ScalableTargetARN: aws.String(t.arn),
		RoleARN: aws.String("arn:aws:iam::" + s.cfg.Account +
			":role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"),
		SuspendedState: &types.SuspendedState{
			DynamicScalingInSuspended:  aws.Bool(aws.ToBool(t.suspended.DynamicScalingInSuspended)),
			DynamicScalingOutSuspended: aws.Bool(aws.ToBool(t.suspended.DynamicScalingOutSuspended)),
			ScheduledScalingSuspended:  aws.Bool(aws.ToBool(t.suspended.ScheduledScalingSuspended)),
		},
	}
}

func (s *Simulator) deregister(in *scaling.DeregisterScalableTargetInput) (*scaling.DeregisterScalableTargetOutput, error) {
	cluster, service, err := identify(in.ServiceNamespace, in.ResourceId, in.ScalableDimension)
	if err != nil {
		return nil, err
	}
	t := s.find(cluster, service)
	if t == nil {
		return nil, wire.Errorf("ObjectNotFoundException",
			"No scalable target registered for service namespace: ecs, resource ID: %s, scalable dimension: %s", *in.ResourceId, in.ScalableDimension)
	}
	s.targets = slices.DeleteFunc(s.targets, func(x *scalable) bool { return x == t })
	return &scaling.DeregisterScalableTargetOutput{}, nil
}
