package elb

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func (b *Balancers) describeLoadBalancers(in *elbv2.DescribeLoadBalancersInput) (*elbv2.DescribeLoadBalancersOutput, error) {
	if len(in.LoadBalancerArns) > 0 && len(in.Names) > 0 {
		return nil, invalid("load balancers are looked up by ARNs or by names, not both")
	}
	all := b.world.balancers
	if len(in.LoadBalancerArns)+len(in.Names) > 0 {
		var err error
		if all, err = b.balancersBy(in); err != nil {
			return nil, err
		}
	}
	shown, next, err := page(all, func(lb *balancer) string { return lb.arn },
		paging{size: in.PageSize, marker: in.Marker, keys: len(in.LoadBalancerArns) + len(in.Names), initial: b.cfg.PageSize})
	if err != nil {
		return nil, err
	}
	out := &elbv2.DescribeLoadBalancersOutput{NextMarker: next, LoadBalancers: []types.LoadBalancer{}}
	for _, lb := range shown {
		out.LoadBalancers = append(out.LoadBalancers, b.showBalancer(lb))
	}
	return out, nil
}

func (b *Balancers) balancersBy(in *elbv2.DescribeLoadBalancersInput) ([]*balancer, error) {
	var found []*balancer
	for _, arn := range in.LoadBalancerArns {
		if err := arnOf("loadbalancer", arn); err != nil {
			return nil, err
		}
		lb := b.world.balancer(arn)
		if lb == nil {
			return nil, loadBalancerNotFound(arn)
		}
		found = append(found, lb)
	}
	for _, name := range in.Names {
		i := slices.IndexFunc(b.world.balancers, func(lb *balancer) bool { return lb.name == name })
		if i < 0 {
			return nil, loadBalancerNotFound(name)
		}
		found = append(found, b.world.balancers[i])
	}
	return found, nil
}

func (b *Balancers) showBalancer(lb *balancer) types.LoadBalancer {
	return types.LoadBalancer{
		LoadBalancerArn:  aws.String(lb.arn),
		LoadBalancerName: aws.String(lb.name),
		DNSName:          aws.String(lb.dns),
		CreatedTime:      aws.Time(lb.created),
		IpAddressType:    types.IpAddressTypeIpv4,
		Scheme:           types.LoadBalancerSchemeEnumInternetFacing,
		State:            &types.LoadBalancerState{Code: types.LoadBalancerStateEnumActive},
		Type:             types.LoadBalancerTypeEnumApplication,
		VpcId:            aws.String(vpcID),
		AvailabilityZones: []types.AvailabilityZone{
			{ZoneName: aws.String(b.cfg.Region + "a"), SubnetId: aws.String("subnet-0a0a0a0a0a0a0a0a0")},
			{ZoneName: aws.String(b.cfg.Region + "c"), SubnetId: aws.String("subnet-0c0c0c0c0c0c0c0c0")},
		},
		SecurityGroups: []string{"sg-0123456789abcdef0"},
	}
}

// vpcID is the one network of the simulated account.
const vpcID = "vpc-0123456789abcdef0"
