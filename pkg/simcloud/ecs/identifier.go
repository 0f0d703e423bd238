package ecs

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// nameRule is the rule for names of clusters, services and families.
var nameRule = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,255}$`)

const defaultCluster = "default"

func (s *Simulator) arn(resource string) string {
	return fmt.Sprintf("arn:aws:ecs:%s:%s:%s", s.cfg.Region, s.cfg.Account, resource)
}

// resource returns what follows the account in an ARN of this service, account
// and region. An identifier that is no ARN is returned as it is.
func (s *Simulator) resource(id, kind string) (string, error) {
	if !strings.HasPrefix(id, "arn:") {
		return id, nil
	}
	const parts = 6
	field := strings.SplitN(id, ":", parts)
	switch {
	case len(field) < parts, field[2] != "ecs":
		return "", invalid("Invalid identifier: %s is not an ECS ARN.", id)
	case field[3] != s.cfg.Region:
		return "", invalid("Identifier is for region %s. Your region is %s", field[3], s.cfg.Region)
	case field[4] != s.cfg.Account:
		return "", invalid("Identifier is for %s. Your accountId is %s", field[4], s.cfg.Account)
	}
	rest, ok := strings.CutPrefix(field[5], kind+"/")
	if !ok || rest == "" {
		return "", invalid("Invalid identifier: Unexpected resource %s, expected %s.", field[5], kind)
	}
	return rest, nil
}

// cluster finds a cluster by name or ARN; nil means the default one. The caller
// holds s.mu.
func (s *Simulator) cluster(id *string) (*cluster, error) {
	name, err := s.resource(orDefault(id, defaultCluster), "cluster")
	if err != nil {
		return nil, err
	}
	for _, c := range s.clusters {
		if c.name == name {
			return c, nil
		}
	}
	return nil, refuse("ClusterNotFoundException", "Cluster not found.")
}

// inCluster strips the cluster from the resource of a long ARN and checks that
// it is the right one.
func (c *cluster) inCluster(resource, id string) (string, error) {
	if !strings.HasPrefix(id, "arn:") {
		return resource, nil
	}
	name, rest, ok := strings.Cut(resource, "/")
	switch {
	case !ok:
		return "", invalid("Invalid identifier: %s does not name a cluster.", id)
	case name != c.name:
		return "", invalid("Identifier is for cluster %s. Your cluster is %s", name, c.name)
	}
	return rest, nil
}

// service finds a service by name or ARN, whatever its status. The caller holds s.mu.
func (s *Simulator) service(c *cluster, id *string) (*service, error) {
	name, err := s.resource(aws.ToString(id), "service")
	if err != nil {
		return nil, err
	}
	if name, err = c.inCluster(name, *id); err != nil {
		return nil, err
	}
	// The newest wins: a name may be used again once a service is INACTIVE.
	for _, v := range slices.Backward(c.services) {
		if v.name == name {
			return v, nil
		}
	}
	return nil, refuse("ServiceNotFoundException", "Service not found.")
}

// activeService finds the service that a change is meant for. The caller holds s.mu.
func (s *Simulator) activeService(clusterID, serviceID *string) (*service, error) {
	c, err := s.cluster(clusterID)
	if err != nil {
		return nil, err
	}
	if aws.ToString(serviceID) == "" {
		return nil, invalid("Service can not be empty.")
	}
	svc, err := s.service(c, serviceID)
	if err != nil {
		return nil, err
	}
	if svc.status != statusActive {
		return nil, refuse("ServiceNotActiveException", "Service was not ACTIVE.")
	}
	return svc, nil
}

// externalService finds the service of a task set operation, which names both
// the cluster and the service. The caller holds s.mu.
func (s *Simulator) externalService(clusterID, serviceID *string) (*service, error) {
	if aws.ToString(clusterID) == "" {
		return nil, invalid("Cluster can not be empty.")
	}
	svc, err := s.activeService(clusterID, serviceID)
	if err != nil {
		return nil, err
	}
	if !svc.external() {
		return nil, invalid("Amazon ECS only supports task set management on services configured to use external deployment controllers.")
	}
	return svc, nil
}

// taskSet finds a task set of a service by id or ARN. The caller holds s.mu.
func (s *Simulator) taskSet(svc *service, id *string) (*taskSet, error) {
	if aws.ToString(id) == "" {
		return nil, invalid("TaskSet can not be empty.")
	}
	name, err := s.resource(*id, "task-set")
	if err != nil {
		return nil, err
	}
	if name != *id { // an ARN: cluster/service/ecs-svc/number
		if name, err = svc.cluster.inCluster(name, *id); err != nil {
			return nil, err
		}
		owner, rest, _ := strings.Cut(name, "/")
		if owner != svc.name {
			return nil, invalid("Identifier is for service %s. Your service is %s", owner, svc.name)
		}
		name = rest
	}
	for _, set := range svc.sets {
		if set.id == name {
			return set, nil
		}
	}
	return nil, refuse("TaskSetNotFoundException", "The specified task set could not be found.")
}

func orDefault(s *string, fallback string) string {
	if aws.ToString(s) == "" {
		return fallback
	}
	return *s
}

// randomHex returns 2n hexadecimal digits, as task and attachment ids have.
func randomHex(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // never fails since Go 1.24
	return hex.EncodeToString(raw)
}
