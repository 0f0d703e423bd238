package ecs

import (
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"

	"pipecd/pkg/simcloud/wire"
)

func (s *Simulator) updateService(in *awsecs.UpdateServiceInput) (*awsecs.UpdateServiceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	svc, err := s.activeService(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	if svc.external() {
		err = externalUpdateRules(in)
	}
	switch {
	case err != nil:
		return nil, err
	case in.DesiredCount != nil && *in.DesiredCount < 0:
		return nil, invalid("Desired count can not be negative.")
	case in.PropagateTags != "" && !slices.Contains(in.PropagateTags.Values(), in.PropagateTags):
		return nil, invalid("Invalid value for propagateTags: %q.", in.PropagateTags)
	}
	svc.apply(in)
	s.reconcile(svc)
	s.touch()
	view := svc.describe(true)
	return &awsecs.UpdateServiceOutput{Service: &view}, nil
}

// apply changes what the request names and leaves the rest.
func (svc *service) apply(in *awsecs.UpdateServiceInput) {
	if in.DesiredCount != nil {
		svc.desired = int(*in.DesiredCount)
	}
	if in.HealthCheckGracePeriodSeconds != nil {
		svc.view.HealthCheckGracePeriodSeconds = in.HealthCheckGracePeriodSeconds
	}
	if in.EnableECSManagedTags != nil {
		svc.view.EnableECSManagedTags = *in.EnableECSManagedTags
	}
	if in.EnableExecuteCommand != nil {
		svc.view.EnableExecuteCommand = *in.EnableExecuteCommand
	}
	if in.PropagateTags != "" {
		svc.view.PropagateTags = in.PropagateTags
	}
	if in.PlacementConstraints != nil {
		svc.view.PlacementConstraints = in.PlacementConstraints
	}
	if in.PlacementStrategy != nil {
		svc.view.PlacementStrategy = in.PlacementStrategy
	}
}

func (s *Simulator) deleteService(in *awsecs.DeleteServiceInput) (*awsecs.DeleteServiceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	svc, err := s.activeService(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	if !aws.ToBool(in.Force) {
		switch {
		case svc.desired > 0:
			return nil, invalid("The service cannot be stopped while it is scaled above 0.")
		case len(svc.sets) > 0:
			return nil, invalid("The service cannot be stopped while deployments are active.")
		}
	}
	svc.status = statusDraining
	svc.desired = 0
	for _, set := range svc.sets {
		set.status = statusDraining
	}
	view := svc.describe(true) // before reconcile: a service without tasks is gone at once
	s.reconcile(svc)
	s.touch()
	return &awsecs.DeleteServiceOutput{Service: &view}, nil
}

// isCode reports whether err is a refusal of that type.
func isCode(err error, code string) bool {
	refusal, ok := errors.AsType[*wire.Error](err)
	return ok && refusal.Code == code
}

// DesiredCount returns the desired count of an ACTIVE service, for what scales
// services.
func (s *Simulator) DesiredCount(clusterName, serviceName string) (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	svc, err := s.activeService(&clusterName, &serviceName)
	if err != nil {
		return 0, false
	}
	return svc.desired, true
}

// SetDesiredCount changes the desired count of an ACTIVE service, as an
// autoscaler does. Without such a service it does nothing.
func (s *Simulator) SetDesiredCount(clusterName, serviceName string, count int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	svc, err := s.activeService(&clusterName, &serviceName)
	if err != nil {
		return
	}
	svc.desired = count
	s.reconcile(svc)
	s.touch()
}
