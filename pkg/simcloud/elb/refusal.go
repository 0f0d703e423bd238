package elb

import "pipecd/pkg/simcloud/wire"

// refuse is an error answer with the code AWS gives; the texts are ours.
func refuse(code, format string, args ...any) error { return wire.Errorf(code, format, args...) }

// invalid is a request whose shape AWS rejects before looking at any resource.
func invalid(format string, args ...any) error { return refuse("ValidationError", format, args...) }

func targetGroupNotFound(arn string) error {
	return refuse("TargetGroupNotFound", "target group %q does not exist", arn)
}

func listenerNotFound(arn string) error {
	return refuse("ListenerNotFound", "listener %q does not exist", arn)
}

func ruleNotFound(arn string) error { return refuse("RuleNotFound", "rule %q does not exist", arn) }

func loadBalancerNotFound(arn string) error {
	return refuse("LoadBalancerNotFound", "load balancer %q does not exist", arn)
}

// notSimulated refuses what AWS accepts and this simulation does not model;
// ignoring it would answer as if it had been done.
func notSimulated(what string) error {
	return refuse("InvalidConfigurationRequest", "%s is not part of the simulated load balancers", what)
}
