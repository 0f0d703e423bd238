package elb

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// world is what exists: load balancers with listeners and rules, target groups
// with targets. It knows nothing of sockets and is guarded by Balancers.mu.
type world struct {
	names     names
	balancers []*balancer
	groups    []*group
	tags      map[string]map[string]string // by ARN
	nextID    int                          // tells apart what is created on the wire
}

type balancer struct {
	name, arn, dns string
	created        time.Time
	listeners      []*listener
}

type listener struct {
	arn          string
	balancer     *balancer
	port         int
	protocol     string
	certificates []types.Certificate
	sslPolicy    string
	rules        []*rule // without the default rule, in priority order
	fallback     *rule   // the default rule
}

type rule struct {
	arn        string
	listener   *listener
	priority   int // 0: the default rule
	conditions []types.RuleCondition
	actions    []types.Action
	split      splitter
	requests   uint64
}

func (r *rule) isDefault() bool { return r.priority == 0 }

// set replaces the actions; the split begins anew with the new weights.
func (r *rule) set(actions []types.Action) {
	r.actions = actions
	r.split = newSplitter(forwarded(actions))
}

// all returns the listener's rules as DescribeRules lists them: by priority,
// the default rule last.
func (l *listener) all() []*rule { return append(slices.Clone(l.rules), l.fallback) }

func (l *listener) sortRules() {
	slices.SortFunc(l.rules, func(a, b *rule) int { return cmp.Compare(a.priority, b.priority) })
}

func (w *world) balancer(arn string) *balancer {
	return find(w.balancers, func(b *balancer) bool { return b.arn == arn })
}

func (w *world) group(arn string) *group {
	return find(w.groups, func(g *group) bool { return g.arn == arn })
}

func (w *world) groupNamed(name string) *group {
	return find(w.groups, func(g *group) bool { return g.name == name })
}

func (w *world) listener(arn string) *listener {
	return find(w.listeners(), func(l *listener) bool { return l.arn == arn })
}

func (w *world) rule(arn string) *rule {
	return find(w.rules(), func(r *rule) bool { return r.arn == arn })
}

func (w *world) listeners() []*listener {
	var all []*listener
	for _, b := range w.balancers {
		all = append(all, b.listeners...)
	}
	return all
}

func (w *world) rules() []*rule {
	var all []*rule
	for _, l := range w.listeners() {
		all = append(all, l.all()...)
	}
	return all
}

// owner is the load balancer that forwards to the target group, whatever the
// weight, or nil. A target group has at most one.
func (w *world) owner(arn string) *balancer { return w.owners()[arn] }

// owners are the owner of every target group that has one.
func (w *world) owners() map[string]*balancer {
	owners := map[string]*balancer{}
	for _, r := range w.rules() {
		for _, s := range forwarded(r.actions) {
			if owners[s.group] == nil {
				owners[s.group] = r.listener.balancer
			}
		}
	}
	return owners
}

// seed is a fresh text for the id of something created on the wire.
func (w *world) seed() string {
	w.nextID++
	return "wire-" + strconv.Itoa(w.nextID)
}

// exists reports whether the ARN names anything of this world.
func (w *world) exists(arn string) bool {
	return w.balancer(arn) != nil || w.group(arn) != nil || w.listener(arn) != nil || w.rule(arn) != nil
}

func find[T any](all []*T, match func(*T) bool) *T {
	if i := slices.IndexFunc(all, match); i >= 0 {
		return all[i]
	}
	return nil
}
