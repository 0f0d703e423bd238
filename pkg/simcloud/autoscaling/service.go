package autoscaling

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"pipecd/pkg/simcloud/wire"
)

// TargetPrefix is what the X-Amz-Target header of this service starts with.
const TargetPrefix = "AnyScaleFrontendService."

// Services is what is asked of the container service. Implementations must be
// safe for concurrent use and must not call back.
type Services interface {
	// DesiredCount returns the desired count of a service that is ACTIVE.
	DesiredCount(cluster, service string) (count int, ok bool)
	// SetDesiredCount changes it.
	SetDesiredCount(cluster, service string, count int)
}

// Config is what a Simulator is made from.
type Config struct {
	// Account is the twelve digit account id, Region the region of all ARNs.
	Account, Region string
	Services        Services
}

// Simulator is the simulated service. It is safe for concurrent use.
type Simulator struct {
	cfg Config

	mu      sync.Mutex
	targets []*scalable // in order of registration
}

// scalable is one scalable target. Everything is guarded by Simulator.mu.
type scalable struct {
	cluster, service string
	arn              string
	minimum, maximum int32
	created          time.Time
	suspended        types.SuspendedState
}

func (t *scalable) resource() string { return "service/" + t.cluster + "/" + t.service }

// New makes a service without targets.
func New(cfg Config) *Simulator { return &Simulator{cfg: cfg} }

func (s *Simulator) find(cluster, service string) *scalable {
	i := slices.IndexFunc(s.targets, func(t *scalable) bool { return t.cluster == cluster && t.service == service })
	if i < 0 {
		return nil
	}
	return s.targets[i]
}

// ServeHTTP answers one call. Who calls is not its business: credentials are
// looked at in front of it.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wire.MaxBody))
	if err != nil {
		invalid("The request could not be read: %v", err).WriteJSON(w)
		return
	}
	out, err := s.answer(strings.TrimPrefix(r.Header.Get("X-Amz-Target"), TargetPrefix), body)
	if err != nil {
		refusal, ok := errors.AsType[*wire.Error](err)
		if !ok {
			refusal = &wire.Error{Status: http.StatusInternalServerError, Code: "InternalServiceException", Message: err.Error()}
		}
		refusal.WriteJSON(w)
		return
	}
	wire.UpperCamel.WriteJSON(w, out)
}

func (s *Simulator) answer(operation string, body []byte) (any, error) {
	switch operation {
	case "RegisterScalableTarget":
		return handle(s, body, (*Simulator).register)
	case "DescribeScalableTargets":
		return handle(s, body, (*Simulator).describe)
	case "DeregisterScalableTarget":
		return handle(s, body, (*Simulator).deregister)
	default:
		return nil, wire.Errorf("UnknownOperationException", "The operation %s is not simulated.", operation)
	}
}

func handle[In, Out any](s *Simulator, body []byte, do func(*Simulator, *In) (*Out, error)) (any, error) {
	in := new(In)
	if err := wire.UpperCamel.Decode(body, in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return do(s, in)
}
