// Package autoscaling is a small Application Auto Scaling on the wire: scalable
// targets of the container service, registered, described and deregistered. It
// does not scale by itself, for it has no policies; what it does do, as AWS
// does, is bring a service's desired count into the range of its target
// whenever the target is registered or changed.
package autoscaling
