package ecs

import (
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// freshness is how long what was read stands for what is: a deployment's plans
// follow its preflight at once and need not read the same again. It is never
// used to decide whether something may be removed or where requests go.
const freshness = 10 * time.Second

// reading is something that was read and when.
type reading[T any] struct {
	value T
	at    time.Time // zero: nothing was read
}

func (r reading[T]) fresh() bool { return !r.at.IsZero() && time.Since(r.at) < freshness }

// session is what one process has learned about a target's surroundings, so
// that it need not ask again. It is only ever a saving: a process that begins in
// the middle of a deployment has an empty one and asks. Its zero value is ready.
type session struct {
	mu         sync.Mutex
	service    reading[*types.Service]        // a nil service: there is none
	sets       reading[[]types.TaskSet]       // all of the service's
	definition reading[*types.TaskDefinition] // what the primary set runs
	rules      reading[[]rule]
	listeners  []listener // those one of whose rules names a group of ours; none: not known
	balancers  []string   // those that our groups hung on at the last look
	shares     map[string]share
	owner      *countOwner // what Application Auto Scaling answered
}

func (s *session) learnService(svc *types.Service) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.service = reading[*types.Service]{svc, time.Now()}
}

func (s *session) knownService() (*types.Service, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.service.value, s.service.fresh()
}

// forgetService is called before every change of the service or its sets.
func (s *session) forgetService() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.service = reading[*types.Service]{}
	s.sets = reading[[]types.TaskSet]{}
}

func (s *session) learnSets(sets []types.TaskSet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sets = reading[[]types.TaskSet]{sets, time.Now()}
}

func (s *session) knownSets() ([]types.TaskSet, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sets.value, s.sets.fresh()
}

func (s *session) forgetSets() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sets = reading[[]types.TaskSet]{}
}

func (s *session) learnDefinition(d *types.TaskDefinition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.definition = reading[*types.TaskDefinition]{d, time.Now()}
}

// knownDefinition returns the definition with the ARN if it was read just now.
func (s *session) knownDefinition(arn string) (*types.TaskDefinition, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.definition.value
	return d, s.definition.fresh() && d != nil && d.TaskDefinitionArn != nil && *d.TaskDefinitionArn == arn
}

// learnRules keeps the rules, and which listeners are worth asking again.
func (s *session) learnRules(r routing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = reading[[]rule]{r.rules, time.Now()}
	s.listeners = r.listeners()
}

func (s *session) knownRules() ([]rule, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rules.value, s.rules.fresh()
}

func (s *session) knownListeners() []listener {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listeners
}

func (s *session) learnBalancers(arns []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.balancers = arns
}

func (s *session) knownBalancers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.balancers
}

// share is a share this process gave a rule, and until when a reading that
// shows another is taken for an old one.
type share struct {
	destinations string
	until        time.Time
}

// wrote remembers what was written to a rule.
func (s *session) wrote(x rule, wanted string, patience time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = reading[[]rule]{}
	if s.shares == nil {
		s.shares = map[string]share{}
	}
	s.shares[x.RuleArn] = share{destinations: wanted, until: time.Now().Add(patience)}
}

// hasWritten reports whether this process wrote to the rule: it then knows what
// readings of it are worth.
func (s *session) hasWritten(x rule) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.shares[x.RuleArn]
	return ok
}

// unwrote forgets a write that failed.
func (s *session) unwrote(x rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.shares, x.RuleArn)
}

// behind reports whether a reading still shows a rule otherwise than this
// process wrote it moments ago.
func (s *session) behind(rules []rule) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range rules {
		if mine, ok := s.shares[x.RuleArn]; ok && time.Now().Before(mine.until) && destinations(x.Actions) != mine.destinations {
			return true
		}
	}
	return false
}

func (s *session) knownOwner() *countOwner {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owner
}

func (s *session) learnOwner(o *countOwner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owner = o
}
