package elb

import (
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"pipecd/pkg/simcloud/target"
)

func (b *Balancers) describeTargetGroups(in *elbv2.DescribeTargetGroupsInput) (*elbv2.DescribeTargetGroupsOutput, error) {
	all, err := b.groupsBy(in)
	if err != nil {
		return nil, err
	}
	shown, next, err := page(all, func(g *group) string { return g.arn },
		paging{size: in.PageSize, marker: in.Marker, keys: len(in.TargetGroupArns) + len(in.Names), initial: b.cfg.PageSize})
	if err != nil {
		return nil, err
	}
	out := &elbv2.DescribeTargetGroupsOutput{NextMarker: next, TargetGroups: []types.TargetGroup{}}
	for _, g := range shown {
		out.TargetGroups = append(out.TargetGroups, showGroup(g))
	}
	return out, nil
}

func (b *Balancers) groupsBy(in *elbv2.DescribeTargetGroupsInput) ([]*group, error) {
	ways := 0
	for _, given := range []bool{in.LoadBalancerArn != nil, len(in.TargetGroupArns) > 0, len(in.Names) > 0} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		return nil, invalid("target groups are looked up by a load balancer, by ARNs or by names, not by several")
	case ways == 0:
		return b.world.groups, nil
	case in.LoadBalancerArn != nil:
		if err := arnOf("loadbalancer", *in.LoadBalancerArn); err != nil {
			return nil, err
		}
		lb := b.world.balancer(*in.LoadBalancerArn)
		if lb == nil {
			return nil, loadBalancerNotFound(*in.LoadBalancerArn)
		}
		return slices.DeleteFunc(slices.Clone(b.world.groups), func(g *group) bool { return g.owner != lb }), nil
	}
	var found []*group
	for _, arn := range in.TargetGroupArns {
		g, err := b.groupBy(arn)
		if err != nil {
			return nil, err
		}
		found = append(found, g)
	}
	for _, name := range in.Names {
		g := b.world.groupNamed(name)
		if g == nil {
			return nil, targetGroupNotFound(name)
		}
		found = append(found, g)
	}
	return found, nil
}

func (b *Balancers) groupBy(arn string) (*group, error) {
	if err := arnOf("targetgroup", arn); err != nil {
		return nil, err
	}
	g := b.world.group(arn)
	if g == nil {
		return nil, targetGroupNotFound(arn)
	}
	return g, nil
}

func showGroup(g *group) types.TargetGroup {
	shown := types.TargetGroup{
		TargetGroupArn:             aws.String(g.arn),
		TargetGroupName:            aws.String(g.name),
		Port:                       int32p(g.port),
		Protocol:                   types.ProtocolEnumHttp,
		ProtocolVersion:            aws.String("HTTP1"),
		TargetType:                 types.TargetTypeEnumIp,
		IpAddressType:              types.TargetGroupIpAddressTypeEnumIpv4,
		VpcId:                      aws.String(vpcID),
		HealthCheckEnabled:         aws.Bool(true),
		HealthCheckProtocol:        types.ProtocolEnumHttp,
		HealthCheckPort:            aws.String("traffic-port"),
		HealthCheckPath:            aws.String(g.check.Path),
		HealthCheckIntervalSeconds: int32p(wholeSeconds(g.check.Interval)),
		HealthCheckTimeoutSeconds:  int32p(wholeSeconds(g.check.Timeout)),
		HealthyThresholdCount:      int32p(g.check.HealthyThreshold),
		UnhealthyThresholdCount:    int32p(g.check.UnhealthyThreshold),
		Matcher:                    &types.Matcher{HttpCode: aws.String(g.check.Matcher)},
		LoadBalancerArns:           []string{},
	}
	if g.owner != nil {
		shown.LoadBalancerArns = []string{g.owner.arn}
	}
	return shown
}

// wholeSeconds rounds up: the wire has no fractions, and 0 would be a lie.
func wholeSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

func (b *Balancers) createTargetGroup(in *elbv2.CreateTargetGroupInput) (*elbv2.CreateTargetGroupOutput, error) {
	name := aws.ToString(in.Name)
	if !resourceName.MatchString(name) {
		return nil, invalid("a target group's name has 1 to 32 letters, digits and inner hyphens, not %q", name)
	}
	check, err := createdCheck(in)
	if err != nil {
		return nil, err
	}
	g := &group{
		name: name, arn: b.names.targetGroup(name), port: int(aws.ToInt32(in.Port)),
		check: check, delay: defaultDeregistrationDelay, attributes: map[string]string{},
	}
	if old := b.world.groupNamed(name); old != nil {
		if old.port == g.port && old.check == g.check {
			// The same request again is answered with what exists.
			return &elbv2.CreateTargetGroupOutput{TargetGroups: []types.TargetGroup{showGroup(old)}}, nil
		}
		return nil, refuse("DuplicateTargetGroupName", "a target group %q with other settings exists", name)
	}
	b.world.groups = append(b.world.groups, g)
	b.world.tag(g.arn, in.Tags)
	return &elbv2.CreateTargetGroupOutput{TargetGroups: []types.TargetGroup{showGroup(g)}}, nil
}

// createdCheck checks the request against the ranges of the API reference of
// CreateTargetGroup.
func createdCheck(in *elbv2.CreateTargetGroupInput) (HealthCheck, error) {
	var check HealthCheck
	port := aws.ToInt32(in.Port)
	switch {
	case in.TargetType != types.TargetTypeEnumIp:
		return check, notSimulated("a target type other than ip")
	case in.Protocol != types.ProtocolEnumHttp:
		return check, notSimulated("a target group protocol other than HTTP")
	case port < 1 || port > maxPort:
		return check, invalid("a target group needs a Port between 1 and %d", maxPort)
	case aws.ToString(in.VpcId) == "":
		return check, invalid("a target group of type ip needs a VpcId")
	}
	for _, r := range []struct {
		name      string
		value     *int32
		low, high int32
	}{
		{"HealthCheckIntervalSeconds", in.HealthCheckIntervalSeconds, 5, 300},
		{"HealthCheckTimeoutSeconds", in.HealthCheckTimeoutSeconds, 2, 120},
		{"HealthyThresholdCount", in.HealthyThresholdCount, 2, 10},
		{"UnhealthyThresholdCount", in.UnhealthyThresholdCount, 2, 10},
	} {
		if r.value != nil && (*r.value < r.low || *r.value > r.high) {
			return check, invalid("%s is between %d and %d, not %d", r.name, r.low, r.high, *r.value)
		}
	}
	check = HealthCheck{
		Path:               aws.ToString(in.HealthCheckPath),
		Interval:           time.Duration(aws.ToInt32(in.HealthCheckIntervalSeconds)) * time.Second,
		Timeout:            time.Duration(aws.ToInt32(in.HealthCheckTimeoutSeconds)) * time.Second,
		HealthyThreshold:   int(aws.ToInt32(in.HealthyThresholdCount)),
		UnhealthyThreshold: int(aws.ToInt32(in.UnhealthyThresholdCount)),
	}
	if in.Matcher != nil {
		check.Matcher = aws.ToString(in.Matcher.HttpCode)
	}
	check = check.withDefaults()
	if check.Timeout >= check.Interval {
		return check, invalid("the health check's timeout must be smaller than its interval")
	}
	return check, nil
}

func (b *Balancers) describeTargetHealth(in *elbv2.DescribeTargetHealthInput) (*elbv2.DescribeTargetHealthOutput, error) {
	g, err := b.groupBy(aws.ToString(in.TargetGroupArn))
	if err != nil {
		return nil, err
	}
	out := &elbv2.DescribeTargetHealthOutput{TargetHealthDescriptions: []types.TargetHealthDescription{}}
	if len(in.Targets) == 0 {
		for _, m := range g.members {
			state, reason := m.shown(g.owner != nil)
			out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, showHealth(m.target, state, reason))
		}
		return out, nil
	}
	for _, asked := range in.Targets {
		t := target.Target{ID: aws.ToString(asked.Id), Port: int(aws.ToInt32(asked.Port))}
		if asked.Port == nil {
			t.Port = g.port
		}
		state, reason := types.TargetHealthStateEnumUnused, types.TargetHealthReasonEnumNotRegistered
		if m := g.member(t); m != nil {
			state, reason = m.shown(g.owner != nil)
		}
		out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, showHealth(t, state, reason))
	}
	return out, nil
}

func showHealth(t target.Target, state types.TargetHealthStateEnum, reason types.TargetHealthReasonEnum) types.TargetHealthDescription {
	shown := types.TargetHealthDescription{
		Target:          &types.TargetDescription{Id: aws.String(t.ID), Port: int32p(t.Port)},
		HealthCheckPort: aws.String(strconv.Itoa(t.Port)),
		TargetHealth:    &types.TargetHealth{State: state, Reason: reason},
	}
	if text := describeReason(reason); text != "" {
		shown.TargetHealth.Description = aws.String(text)
	}
	return shown
}
