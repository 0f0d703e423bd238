package ecs

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const missing = "MISSING"

func (s *Simulator) describeClusters(in *awsecs.DescribeClustersInput) (*awsecs.DescribeClustersOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(in.Clusters) > maxPage {
		return nil, invalid("Clusters cannot have more than %d elements.", maxPage)
	}
	ids := in.Clusters
	if len(ids) == 0 {
		ids = []string{defaultCluster}
	}
	out := &awsecs.DescribeClustersOutput{Clusters: []types.Cluster{}, Failures: []types.Failure{}}
	withTags := slices.Contains(in.Include, types.ClusterFieldTags)
	for _, id := range ids {
		c, err := s.cluster(&id)
		if err != nil {
			out.Failures = append(out.Failures, s.failure(id, "cluster/"+id))
			continue
		}
		out.Clusters = append(out.Clusters, c.describe(withTags))
	}
	return out, nil
}

func (s *Simulator) listClusters(in *awsecs.ListClustersInput) (*awsecs.ListClustersOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	arns := make([]string, 0, len(s.clusters))
	for _, c := range s.clusters {
		arns = append(arns, c.arn)
	}
	items, next, err := page(arns, in.MaxResults, in.NextToken, maxPage)
	if err != nil {
		return nil, err
	}
	return &awsecs.ListClustersOutput{ClusterArns: items, NextToken: next}, nil
}

func (c *cluster) describe(withTags bool) types.Cluster {
	view := types.Cluster{
		ClusterArn:                        &c.arn,
		ClusterName:                       &c.name,
		Status:                            aws.String(statusActive),
		RegisteredContainerInstancesCount: int32(c.instances), //nolint:gosec // a handful
		CapacityProviders:                 []string{"FARGATE", "FARGATE_SPOT"},
		Settings:                          []types.ClusterSetting{},
		Statistics:                        []types.KeyValuePair{},
	}
	for _, svc := range c.services {
		if svc.status == statusActive {
			view.ActiveServicesCount++
		}
	}
	for _, t := range c.tasks {
		switch t.status {
		case stateRunning:
			view.RunningTasksCount++
		case stateProvisioning, statePending:
			view.PendingTasksCount++
		case stateDeactivating, stateStopping, stateStopped:
		}
	}
	if withTags {
		view.Tags = listed(c.tags)
	}
	return view
}

// failure reports an identifier that nothing is found for. resource is used
// when the identifier is not an ARN.
func (s *Simulator) failure(id, resource string) types.Failure {
	arn := id
	if len(id) < 4 || id[:4] != "arn:" {
		arn = s.arn(resource)
	}
	return types.Failure{Arn: &arn, Reason: aws.String(missing)}
}
