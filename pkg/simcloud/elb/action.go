package elb

import (
	"cmp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// Limits AWS documents ("Quotas for your Application Load Balancers", "Forward
// actions", API reference of Action and TargetGroupTuple).
const (
	maxActions        = 2 // one optional authentication and one that ends
	maxForwardGroups  = 5
	maxWeight         = 999
	maxGroupsPerLB    = 100
	maxStickySeconds  = 7 * 24 * 60 * 60
	maxOrder          = 50000
	fixedBodyBytes    = 1024
	httpProtocol      = "HTTP"
	httpsProtocol     = "HTTPS"
	permanentRedirect = types.RedirectActionStatusCodeEnumHttp301
	temporaryRedirect = types.RedirectActionStatusCodeEnumHttp302
)

// accept checks the actions for use on a listener of the load balancer and
// returns them as AWS gives them back on reads. previous are the actions being
// replaced; their client secret may be kept.
func (w *world) accept(l *listener, actions, previous []types.Action) ([]types.Action, error) {
	ordered, err := inOrder(actions)
	if err != nil {
		return nil, err
	}
	accepted := make([]types.Action, 0, len(ordered))
	for i, a := range ordered {
		last := i == len(ordered)-1
		if ends(a.Type) != last {
			return nil, refuse("InvalidLoadBalancerAction",
				"a rule must have exactly one forward, redirect or fixed-response action, and it must be the last one")
		}
		stored, err := w.acceptOne(l, a, previous)
		if err != nil {
			return nil, err
		}
		accepted = append(accepted, stored)
	}
	return accepted, w.limitGroups(l, accepted)
}

// inOrder sorts the actions by Order, which is required when there are several.
func inOrder(actions []types.Action) ([]types.Action, error) {
	switch {
	case len(actions) == 0:
		return nil, invalid("at least one action is required")
	case len(actions) > maxActions:
		return nil, refuse("TooManyActions", "a rule takes at most %d actions", maxActions)
	}
	ordered := slices.Clone(actions)
	seen := map[int32]bool{}
	for _, a := range ordered {
		if a.Order == nil {
			if len(ordered) > 1 {
				return nil, invalid("every action needs an Order when there are several")
			}
			continue
		}
		if *a.Order < 1 || *a.Order > maxOrder {
			return nil, invalid("Order %d is not between 1 and %d", *a.Order, maxOrder)
		}
		if seen[*a.Order] {
			return nil, invalid("Order %d is used twice", *a.Order)
		}
		seen[*a.Order] = true
	}
	slices.SortStableFunc(ordered, func(a, b types.Action) int {
		return cmp.Compare(aws.ToInt32(a.Order), aws.ToInt32(b.Order))
	})
	return ordered, nil
}

// ends reports whether an action of the type answers the request.
func ends(t types.ActionTypeEnum) bool {
	return t == types.ActionTypeEnumForward || t == types.ActionTypeEnumRedirect || t == types.ActionTypeEnumFixedResponse
}

func (w *world) acceptOne(l *listener, a types.Action, previous []types.Action) (types.Action, error) {
	if err := onlyItsConfig(a); err != nil {
		return a, err
	}
	switch a.Type {
	case types.ActionTypeEnumForward:
		return w.acceptForward(l, a)
	case types.ActionTypeEnumRedirect:
		return a, checkRedirect(a.RedirectConfig)
	case types.ActionTypeEnumFixedResponse:
		return a, checkFixedResponse(a.FixedResponseConfig)
	case types.ActionTypeEnumAuthenticateOidc, types.ActionTypeEnumAuthenticateCognito, types.ActionTypeEnumJwtValidation:
		if l.protocol != httpsProtocol {
			return a, refuse("InvalidLoadBalancerAction", "actions of type %s need an HTTPS listener", a.Type)
		}
		return acceptAuthentication(a, previous)
	default:
		return a, invalid("%q is not an action type", a.Type)
	}
}

// onlyItsConfig refuses a configuration that belongs to another type of action.
func onlyItsConfig(a types.Action) error {
	given := map[types.ActionTypeEnum]bool{
		types.ActionTypeEnumForward:             a.ForwardConfig != nil || a.TargetGroupArn != nil,
		types.ActionTypeEnumRedirect:            a.RedirectConfig != nil,
		types.ActionTypeEnumFixedResponse:       a.FixedResponseConfig != nil,
		types.ActionTypeEnumAuthenticateOidc:    a.AuthenticateOidcConfig != nil,
		types.ActionTypeEnumAuthenticateCognito: a.AuthenticateCognitoConfig != nil,
		types.ActionTypeEnumJwtValidation:       a.JwtValidationConfig != nil,
	}
	for t, has := range given {
		if has && t != a.Type {
			return invalid("an action of type %q cannot carry the configuration of %q", a.Type, t)
		}
	}
	if _, known := given[a.Type]; known && !given[a.Type] {
		return invalid("an action of type %q needs its configuration", a.Type)
	}
	return nil
}

// acceptForward returns the action with both ForwardConfig and, for a single
// target group, TargetGroupArn: that is how AWS answers, whichever was sent.
func (w *world) acceptForward(l *listener, a types.Action) (types.Action, error) {
	config := types.ForwardActionConfig{}
	if a.ForwardConfig != nil {
		config = *a.ForwardConfig
	} else {
		config.TargetGroups = []types.TargetGroupTuple{{TargetGroupArn: a.TargetGroupArn}}
	}
	tuples, err := checkTuples(config.TargetGroups)
	if err != nil {
		return a, err
	}
	if a.TargetGroupArn != nil && (len(tuples) != 1 || *tuples[0].TargetGroupArn != *a.TargetGroupArn) {
		return a, refuse("InvalidLoadBalancerAction",
			"with TargetGroupArn, ForwardConfig may hold only that one target group")
	}
	sticky, err := acceptStickiness(config.TargetGroupStickinessConfig)
	if err != nil {
		return a, err
	}
	for _, t := range tuples {
		if err := w.attachable(l, *t.TargetGroupArn); err != nil {
			return a, err
		}
	}
	stored := types.Action{Type: a.Type, Order: a.Order}
	stored.ForwardConfig = &types.ForwardActionConfig{TargetGroups: tuples, TargetGroupStickinessConfig: sticky}
	if len(tuples) == 1 {
		stored.TargetGroupArn = tuples[0].TargetGroupArn
	}
	return stored, nil
}

func checkTuples(tuples []types.TargetGroupTuple) ([]types.TargetGroupTuple, error) {
	switch {
	case len(tuples) == 0:
		return nil, invalid("a forward action needs a target group")
	case len(tuples) > maxForwardGroups:
		return nil, invalid("a forward action takes at most %d target groups, not %d", maxForwardGroups, len(tuples))
	}
	stored := make([]types.TargetGroupTuple, 0, len(tuples))
	seen := map[string]bool{}
	for _, t := range tuples {
		arn := aws.ToString(t.TargetGroupArn)
		if err := arnOf("targetgroup", arn); err != nil {
			return nil, err
		}
		if seen[arn] {
			return nil, invalid("target group %q is named twice in one forward action", arn)
		}
		seen[arn] = true
		weight := aws.ToInt32(t.Weight)
		if t.Weight == nil && len(tuples) == 1 {
			weight = 1
		}
		if (t.Weight == nil && len(tuples) > 1) || weight < 0 || weight > maxWeight {
			return nil, invalid("the weight of target group %q must be given and between 0 and %d", arn, maxWeight)
		}
		stored = append(stored, types.TargetGroupTuple{TargetGroupArn: aws.String(arn), Weight: aws.Int32(weight)})
	}
	return stored, nil
}

func acceptStickiness(c *types.TargetGroupStickinessConfig) (*types.TargetGroupStickinessConfig, error) {
	if c == nil || !aws.ToBool(c.Enabled) {
		return &types.TargetGroupStickinessConfig{Enabled: aws.Bool(false)}, nil
	}
	if seconds := aws.ToInt32(c.DurationSeconds); seconds < 1 || seconds > maxStickySeconds {
		return nil, invalid("the stickiness duration must be between 1 and %d seconds", maxStickySeconds)
	}
	return &types.TargetGroupStickinessConfig{Enabled: c.Enabled, DurationSeconds: c.DurationSeconds}, nil
}

// attachable refuses target groups that do not exist or that another load
// balancer forwards to: a target group belongs to at most one.
func (w *world) attachable(l *listener, arn string) error {
	if w.group(arn) == nil {
		return targetGroupNotFound(arn)
	}
	if owner := w.owner(arn); owner != nil && owner != l.balancer {
		return refuse("TargetGroupAssociationLimit",
			"target group %q is already used by load balancer %q and can have only one", arn, owner.name)
	}
	return nil
}

// limitGroups refuses more different target groups than a load balancer takes.
func (w *world) limitGroups(l *listener, added []types.Action) error {
	unique := map[string]bool{}
	for _, s := range forwarded(added) {
		unique[s.group] = true
	}
	for _, other := range l.balancer.listeners {
		for _, r := range other.all() {
			if r == nil {
				continue // the default rule of a listener that is being created
			}
			for _, s := range forwarded(r.actions) {
				unique[s.group] = true
			}
		}
	}
	if len(unique) > maxGroupsPerLB {
		return refuse("TooManyUniqueTargetGroupsPerLoadBalancer",
			"load balancer %q takes at most %d target groups", l.balancer.name, maxGroupsPerLB)
	}
	return nil
}

func checkRedirect(c *types.RedirectActionConfig) error {
	if c.StatusCode != permanentRedirect && c.StatusCode != temporaryRedirect {
		return invalid("a redirect's status code is HTTP_301 or HTTP_302, not %q", c.StatusCode)
	}
	unset := func(s *string, keep string) bool { return s == nil || *s == keep }
	if unset(c.Host, "#{host}") && unset(c.Path, "/#{path}") && unset(c.Port, "#{port}") && unset(c.Protocol, "#{protocol}") {
		return refuse("InvalidLoadBalancerAction", "a redirect must change the protocol, host, port or path; this one loops")
	}
	return nil
}

func checkFixedResponse(c *types.FixedResponseActionConfig) error {
	code := aws.ToString(c.StatusCode)
	if len(code) != 3 || (code[0] != '2' && code[0] != '4' && code[0] != '5') {
		return invalid("a fixed response's status code is 2XX, 4XX or 5XX, not %q", code)
	}
	if len(aws.ToString(c.MessageBody)) > fixedBodyBytes {
		return invalid("a fixed response's body is at most %d bytes", fixedBodyBytes)
	}
	return nil
}
