package elb

import (
	"maps"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

const (
	attributeDelay  = "deregistration_delay.timeout_seconds"
	maxDelaySeconds = 3600
)

// attributeDefaults are the attributes of an HTTP target group that the API
// reference of TargetGroupAttribute lists, with AWS's defaults. The
// deregistration delay is kept apart because it has an effect here.
func attributeDefaults() map[string]string {
	return map[string]string{
		"stickiness.enabled":                                                             "false",
		"stickiness.type":                                                                "lb_cookie",
		"stickiness.lb_cookie.duration_seconds":                                          "86400",
		"stickiness.app_cookie.cookie_name":                                              "",
		"stickiness.app_cookie.duration_seconds":                                         "86400",
		"load_balancing.algorithm.type":                                                  "round_robin",
		"load_balancing.algorithm.anomaly_mitigation":                                    "off",
		"load_balancing.cross_zone.enabled":                                              "use_load_balancer_configuration",
		"slow_start.duration_seconds":                                                    "0",
		"target_group_health.dns_failover.minimum_healthy_targets.count":                 "1",
		"target_group_health.dns_failover.minimum_healthy_targets.percentage":            "off",
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count":      "1",
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
	}
}

func (b *Balancers) describeTargetGroupAttributes(
	in *elbv2.DescribeTargetGroupAttributesInput,
) (*elbv2.DescribeTargetGroupAttributesOutput, error) {
	g, err := b.groupBy(aws.ToString(in.TargetGroupArn))
	if err != nil {
		return nil, err
	}
	return &elbv2.DescribeTargetGroupAttributesOutput{Attributes: showAttributes(g)}, nil
}

func showAttributes(g *group) []types.TargetGroupAttribute {
	all := attributeDefaults()
	maps.Copy(all, g.attributes)
	all[attributeDelay] = strconv.Itoa(wholeSeconds(g.delay))
	shown := make([]types.TargetGroupAttribute, 0, len(all))
	for _, key := range sortedKeys(all) {
		shown = append(shown, types.TargetGroupAttribute{Key: aws.String(key), Value: aws.String(all[key])})
	}
	return shown
}

// modifyTargetGroupAttributes stores attributes; the deregistration delay holds
// for targets that begin to drain from now on, the others have no effect here.
func (b *Balancers) modifyTargetGroupAttributes(
	in *elbv2.ModifyTargetGroupAttributesInput,
) (*elbv2.ModifyTargetGroupAttributesOutput, error) {
	g, err := b.groupBy(aws.ToString(in.TargetGroupArn))
	if err != nil {
		return nil, err
	}
	if len(in.Attributes) == 0 {
		return nil, invalid("ModifyTargetGroupAttributes needs Attributes")
	}
	known, delay, changed := attributeDefaults(), g.delay, map[string]string{}
	for _, a := range in.Attributes {
		key, value := aws.ToString(a.Key), aws.ToString(a.Value)
		if key == attributeDelay {
			seconds, err := strconv.Atoi(value)
			if err != nil || seconds < 0 || seconds > maxDelaySeconds {
				return nil, invalid("%s is between 0 and %d, not %q", key, maxDelaySeconds, value)
			}
			delay = time.Duration(seconds) * time.Second
			continue
		}
		if _, ok := known[key]; !ok {
			return nil, invalid("%q is not an attribute of this target group", key)
		}
		changed[key] = value
	}
	g.delay = delay
	maps.Copy(g.attributes, changed)
	return &elbv2.ModifyTargetGroupAttributesOutput{Attributes: showAttributes(g)}, nil
}
