package autoscaling

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"pipecd/pkg/simcloud/wire"
)

// identify checks the three values that together name a scalable target and
// returns the cluster and the service.
func identify(namespace types.ServiceNamespace, id *string, dimension types.ScalableDimension) (cluster, service string, err error) {
	switch {
	case namespace == "":
		return "", "", missing("serviceNamespace")
	case aws.ToString(id) == "":
		return "", "", missing("resourceId")
	case dimension == "":
		return "", "", missing("scalableDimension")
	case !slices.Contains(namespace.Values(), namespace):
		return "", "", unknown("serviceNamespace", string(namespace))
	case !slices.Contains(dimension.Values(), dimension):
		return "", "", unknown("scalableDimension", string(dimension))
	case namespace != types.ServiceNamespaceEcs:
		return "", "", invalid("The service namespace %s is not simulated.", namespace)
	case dimension != types.ScalableDimensionECSServiceDesiredCount:
		return "", "", invalid("Unsupported service namespace, resource type or scalable dimension")
	}
	kind, rest, _ := strings.Cut(*id, "/")
	cluster, service, ok := strings.Cut(rest, "/")
	if kind != "service" || !ok || cluster == "" || service == "" || strings.Contains(service, "/") {
		return "", "", invalid("Unsupported service namespace, resource type or scalable dimension")
	}
	return cluster, service, nil
}

func invalid(format string, args ...any) *wire.Error {
	return wire.Errorf("ValidationException", format, args...)
}

func missing(member string) *wire.Error {
	return invalid("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
}

func unknown(member, value string) *wire.Error {
	return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy enum value set", value, member)
}
