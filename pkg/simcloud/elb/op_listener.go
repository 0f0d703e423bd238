package elb

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

const (
	maxPort      = 65535
	maxListeners = 50 // per load balancer
)

func (b *Balancers) describeListeners(in *elbv2.DescribeListenersInput) (*elbv2.DescribeListenersOutput, error) {
	all, err := b.listenersBy(in)
	if err != nil {
		return nil, err
	}
	shown, next, err := page(all, func(l *listener) string { return l.arn },
		paging{size: in.PageSize, marker: in.Marker, keys: len(in.ListenerArns), initial: b.cfg.PageSize})
	if err != nil {
		return nil, err
	}
	out := &elbv2.DescribeListenersOutput{NextMarker: next, Listeners: []types.Listener{}}
	for _, l := range shown {
		out.Listeners = append(out.Listeners, showListener(l))
	}
	return out, nil
}

func (b *Balancers) listenersBy(in *elbv2.DescribeListenersInput) ([]*listener, error) {
	if (in.LoadBalancerArn == nil) == (len(in.ListenerArns) == 0) {
		return nil, invalid("listeners are looked up either by their ARNs or by a load balancer ARN")
	}
	if in.LoadBalancerArn != nil {
		if err := arnOf("loadbalancer", *in.LoadBalancerArn); err != nil {
			return nil, err
		}
		lb := b.world.balancer(*in.LoadBalancerArn)
		if lb == nil {
			return nil, loadBalancerNotFound(*in.LoadBalancerArn)
		}
		return lb.listeners, nil
	}
	var found []*listener
	for _, arn := range in.ListenerArns {
		l, err := b.listenerBy(arn)
		if err != nil {
			return nil, err
		}
		found = append(found, l)
	}
	return found, nil
}

func (b *Balancers) listenerBy(arn string) (*listener, error) {
	if err := arnOf("listener", arn); err != nil {
		return nil, err
	}
	l := b.world.listener(arn)
	if l == nil {
		return nil, listenerNotFound(arn)
	}
	return l, nil
}

func showListener(l *listener) types.Listener {
	shown := types.Listener{
		ListenerArn:     aws.String(l.arn),
		LoadBalancerArn: aws.String(l.balancer.arn),
		Port:            int32p(l.shownPort()),
		Protocol:        types.ProtocolEnum(l.protocol),
		DefaultActions:  readable(l.fallback.actions),
		Certificates:    l.certificates,
	}
	if l.sslPolicy != "" {
		shown.SslPolicy = aws.String(l.sslPolicy)
	}
	return shown
}

// shownPort is the port on the wire; a listener that takes a free port shows 80
// until it has one.
func (l *listener) shownPort() int {
	if l.port == 0 {
		return 80
	}
	return l.port
}

func (b *Balancers) modifyListener(in *elbv2.ModifyListenerInput) (*elbv2.ModifyListenerOutput, error) {
	l, err := b.listenerBy(aws.ToString(in.ListenerArn))
	if err != nil {
		return nil, err
	}
	switch {
	case in.AlpnPolicy != nil:
		return nil, notSimulated("AlpnPolicy")
	case in.MutualAuthentication != nil:
		return nil, notSimulated("MutualAuthentication")
	case in.Port != nil && int(*in.Port) != l.shownPort():
		return nil, notSimulated("changing a listener's port")
	case in.Protocol != "" && string(in.Protocol) != l.protocol:
		return nil, notSimulated("changing a listener's protocol")
	}
	if in.DefaultActions != nil {
		actions, err := b.world.accept(l, in.DefaultActions, l.fallback.actions)
		if err != nil {
			return nil, err
		}
		l.fallback.set(actions)
	}
	if in.Certificates != nil {
		l.certificates = in.Certificates
	}
	if in.SslPolicy != nil {
		l.sslPolicy = *in.SslPolicy
	}
	return &elbv2.ModifyListenerOutput{Listeners: []types.Listener{showListener(l)}}, nil
}

func (b *Balancers) createListener(in *elbv2.CreateListenerInput) (*elbv2.CreateListenerOutput, error) {
	arn := aws.ToString(in.LoadBalancerArn)
	if err := arnOf("loadbalancer", arn); err != nil {
		return nil, err
	}
	lb := b.world.balancer(arn)
	if lb == nil {
		return nil, loadBalancerNotFound(arn)
	}
	l, err := newListener(lb, in)
	if err != nil {
		return nil, err
	}
	l.arn = b.names.listener(lb.arn, b.world.seed())
	actions, err := b.world.accept(l, in.DefaultActions, nil)
	if err != nil {
		return nil, err
	}
	l.fallback = &rule{arn: b.names.rule(l.arn, "default"), listener: l}
	l.fallback.set(actions)
	if b.running != nil {
		// The wire's port may need privileges here; a free one stands in for it.
		if err := b.open(context.WithoutCancel(b.running), l, 0); err != nil {
			return nil, err
		}
	}
	lb.listeners = append(lb.listeners, l)
	b.world.tag(l.arn, in.Tags)
	return &elbv2.CreateListenerOutput{Listeners: []types.Listener{showListener(l)}}, nil
}

func newListener(lb *balancer, in *elbv2.CreateListenerInput) (*listener, error) {
	port := int(aws.ToInt32(in.Port))
	switch {
	case in.AlpnPolicy != nil:
		return nil, notSimulated("AlpnPolicy")
	case in.MutualAuthentication != nil:
		return nil, notSimulated("MutualAuthentication")
	case port < 1 || port > maxPort:
		return nil, invalid("a listener of an application load balancer needs a Port between 1 and %d", maxPort)
	case in.Protocol != types.ProtocolEnumHttp && in.Protocol != types.ProtocolEnumHttps:
		return nil, refuse("UnsupportedProtocol", "a listener of an application load balancer speaks HTTP or HTTPS, not %q", in.Protocol)
	case in.Protocol == types.ProtocolEnumHttps && len(in.Certificates) != 1:
		return nil, invalid("an HTTPS listener needs exactly one certificate")
	case len(lb.listeners) >= maxListeners:
		return nil, refuse("TooManyListeners", "a load balancer has at most %d listeners", maxListeners)
	case slices.ContainsFunc(lb.listeners, func(l *listener) bool { return l.shownPort() == port }):
		return nil, refuse("DuplicateListener", "load balancer %q already listens on port %d", lb.name, port)
	}
	return &listener{
		balancer: lb, port: port, protocol: string(in.Protocol),
		certificates: in.Certificates, sslPolicy: aws.ToString(in.SslPolicy),
	}, nil
}
