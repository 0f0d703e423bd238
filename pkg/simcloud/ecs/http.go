package ecs

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"pipecd/pkg/simcloud/wire"
)

// TargetPrefix is what the X-Amz-Target header of this service starts with.
const TargetPrefix = "AmazonEC2ContainerServiceV20141113."

// operation decodes a request, does it, and returns an output of the SDK.
type operation func(s *Simulator, body []byte) (any, error)

func handle[In, Out any](do func(*Simulator, *In) (*Out, error)) operation {
	return func(s *Simulator, body []byte) (any, error) {
		in := new(In)
		if err := wire.Decode(body, in); err != nil {
			return nil, err
		}
		return do(s, in)
	}
}

// operationNamed returns the operation, or nil for one that is not simulated.
func operationNamed(name string) operation { // a table
	switch name {
	case "DescribeClusters":
		return handle((*Simulator).describeClusters)
	case "ListClusters":
		return handle((*Simulator).listClusters)
	case "RegisterTaskDefinition":
		return handle((*Simulator).registerTaskDefinition)
	case "DescribeTaskDefinition":
		return handle((*Simulator).describeTaskDefinition)
	case "DeregisterTaskDefinition":
		return handle((*Simulator).deregisterTaskDefinition)
	case "ListTaskDefinitions":
		return handle((*Simulator).listTaskDefinitions)
	case "ListTaskDefinitionFamilies":
		return handle((*Simulator).listTaskDefinitionFamilies)
	case "CreateService":
		return handle((*Simulator).createService)
	case "DescribeServices":
		return handle((*Simulator).describeServices)
	case "UpdateService":
		return handle((*Simulator).updateService)
	case "DeleteService":
		return handle((*Simulator).deleteService)
	case "ListServices":
		return handle((*Simulator).listServices)
	default:
		return taskOperationNamed(name)
	}
}

func taskOperationNamed(name string) operation {
	switch name {
	case "CreateTaskSet":
		return handle((*Simulator).createTaskSet)
	case "DescribeTaskSets":
		return handle((*Simulator).describeTaskSets)
	case "UpdateTaskSet":
		return handle((*Simulator).updateTaskSet)
	case "DeleteTaskSet":
		return handle((*Simulator).deleteTaskSet)
	case "UpdateServicePrimaryTaskSet":
		return handle((*Simulator).updateServicePrimaryTaskSet)
	case "ListTasks":
		return handle((*Simulator).listTasks)
	case "DescribeTasks":
		return handle((*Simulator).describeTasks)
	case "RunTask":
		return handle((*Simulator).runTask)
	case "StopTask":
		return handle((*Simulator).stopTask)
	case "TagResource":
		return handle((*Simulator).tagResource)
	case "UntagResource":
		return handle((*Simulator).untagResource)
	case "ListTagsForResource":
		return handle((*Simulator).listTagsForResource)
	default:
		return nil
	}
}

// ServeHTTP answers one call. Who calls is not its business: credentials are
// looked at in front of it.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), TargetPrefix)
	do := operationNamed(name)
	if do == nil {
		wire.Errorf("UnknownOperationException", "The operation %s is not simulated.", name).WriteJSON(w)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wire.MaxBody))
	if err != nil {
		wire.Errorf("ClientException", "The request could not be read: %v", err).WriteJSON(w)
		return
	}
	out, err := do(s, body)
	if err != nil {
		refusal, ok := errors.AsType[*wire.Error](err)
		if !ok {
			refusal = &wire.Error{Status: http.StatusInternalServerError, Code: "ServerException", Message: err.Error()}
		}
		refusal.WriteJSON(w)
		return
	}
	wire.WriteJSON(w, out)
}
