package simcloud

import (
	"net/http"
	"time"

	"pipecd/pkg/simcloud/ecs"
	"pipecd/pkg/simcloud/elb"
	"pipecd/pkg/simcloud/traffic"
)

// state is what the page polls. Requests are totals, of which the page makes
// rates; History has the last minute as it was.
type state struct {
	Now           int64             `json:"now"`      // milliseconds since the epoch
	History       []point           `json:"history"`  // oldest first
	Versions      []string          `json:"versions"` // in order of appearance
	Account       string            `json:"account"`
	Region        string            `json:"region"`
	Calls         int               `json:"calls"` // of the API
	LoadBalancers []balancerView    `json:"load_balancers"`
	TargetGroups  []groupView       `json:"target_groups"`
	Services      []serviceView     `json:"services"`
	Errors        map[string]uint64 `json:"errors"` // made by load balancers, by cause
	Traffic       *traffic.Snapshot `json:"traffic,omitempty"`
}

type balancerView struct {
	Name    string     `json:"name"`
	DNSName string     `json:"dns_name"`
	Rules   []ruleView `json:"rules"`
}

type ruleView struct {
	Port       int          `json:"port"`
	Address    string       `json:"address"`
	Priority   string       `json:"priority"`
	Conditions []string     `json:"conditions"`
	Weights    []weightView `json:"weights"`
	Requests   uint64       `json:"requests"`
}

type weightView struct {
	TargetGroup string `json:"target_group"`
	Weight      int    `json:"weight"`
}

type groupView struct {
	Name         string            `json:"name"`
	LoadBalancer string            `json:"load_balancer"`
	Requests     uint64            `json:"requests"`
	Answers      map[string]uint64 `json:"answers"`
	Targets      []targetView      `json:"targets"`
}

type targetView struct {
	ID       string `json:"id"`
	Version  string `json:"version"`
	State    string `json:"state"`
	Reason   string `json:"reason"`
	Fault    string `json:"fault"`
	Requests uint64 `json:"requests"`
	InFlight int    `json:"in_flight"`
}

type serviceView struct {
	Cluster  string        `json:"cluster"`
	Name     string        `json:"name"`
	Status   string        `json:"status"`
	Desired  int           `json:"desired"`
	Running  int           `json:"running"`
	Pending  int           `json:"pending"`
	TaskSets []taskSetView `json:"task_sets"`
	Events   []eventView   `json:"events"`
}

type taskSetView struct {
	ID          string    `json:"id"`
	Status      string    `json:"status"`
	Role        string    `json:"role"`
	Version     string    `json:"version"`
	TargetGroup string    `json:"target_group"` // name
	Scale       float64   `json:"scale"`
	Desired     int       `json:"desired"`
	Running     int       `json:"running"`
	Pending     int       `json:"pending"`
	Steady      bool      `json:"steady"`
	Created     time.Time `json:"created"`
}

type eventView struct {
	At      time.Time `json:"at"`
	Message string    `json:"message"`
}

// roleTag is the tag in which a task set's maker says what the set is for.
const roleTag = "pipecd-dev-role"

// maxEventsShown is how many events the page lists per service.
const maxEventsShown = 14

func (c *Cloud) serveState(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, c.state())
}

func (c *Cloud) state() state {
	balancers, services := c.ELB.Snapshot(), c.ECS.Snapshot()
	points, versions := c.history.snapshot()
	out := state{
		History: points, Versions: versions,
		Now: time.Now().UnixMilli(), Account: c.cfg.Account, Region: c.cfg.Region, Calls: len(c.Calls()),
		LoadBalancers: []balancerView{}, TargetGroups: []groupView{}, Services: []serviceView{},
		Errors: map[string]uint64{},
	}
	names := map[string]string{}
	for _, lb := range balancers.LoadBalancers {
		out.LoadBalancers = append(out.LoadBalancers, viewBalancer(lb))
	}
	for _, group := range balancers.TargetGroups {
		names[group.ARN] = group.Name
		out.TargetGroups = append(out.TargetGroups, viewGroup(group, services.Tasks))
	}
	for _, svc := range services.Services {
		out.Services = append(out.Services, viewService(svc, names))
	}
	for cause, n := range balancers.Errors {
		out.Errors[string(cause)] = n
	}
	if generator := c.Traffic(); generator != nil {
		snapshot := generator.Snapshot()
		out.Traffic = &snapshot
	}
	return out
}

func viewBalancer(lb elb.LoadBalancerState) balancerView {
	view := balancerView{Name: lb.Name, DNSName: lb.DNSName, Rules: []ruleView{}}
	for _, listener := range lb.Listeners {
		for _, rule := range listener.Rules {
			r := ruleView{
				Port: listener.Port, Address: listener.Addr, Priority: rule.Priority,
				Conditions: append([]string{}, rule.Conditions...), Weights: []weightView{}, Requests: rule.Requests,
			}
			for _, w := range rule.Weights {
				r.Weights = append(r.Weights, weightView{TargetGroup: w.TargetGroup, Weight: w.Weight})
			}
			view.Rules = append(view.Rules, r)
		}
	}
	return view
}

func viewGroup(group elb.TargetGroupState, tasks map[string]ecs.TaskState) groupView {
	view := groupView{
		Name: group.Name, LoadBalancer: group.LoadBalancer, Requests: group.Requests, Answers: group.Answers,
		Targets: []targetView{},
	}
	for _, t := range group.Targets {
		view.Targets = append(view.Targets, targetView{
			ID: t.ID, Version: tasks[t.ID].Version, State: t.State, Reason: t.Reason, Fault: t.Fault,
			Requests: t.Requests, InFlight: t.InFlight,
		})
	}
	return view
}

func viewService(svc ecs.ServiceState, names map[string]string) serviceView {
	view := serviceView{
		Cluster: svc.Cluster, Name: svc.Name, Status: svc.Status,
		Desired: svc.Desired, Running: svc.Running, Pending: svc.Pending,
		TaskSets: []taskSetView{}, Events: []eventView{},
	}
	for _, set := range svc.TaskSets {
		view.TaskSets = append(view.TaskSets, taskSetView{
			ID: set.ID, Status: set.Status, Role: set.Tags[roleTag], Version: set.Version,
			TargetGroup: names[set.TargetGroup], Scale: set.Scale, Desired: set.Desired,
			Running: set.Running, Pending: set.Pending, Steady: set.Steady, Created: set.Created,
		})
	}
	for _, event := range svc.Events[:min(len(svc.Events), maxEventsShown)] {
		view.Events = append(view.Events, eventView(event))
	}
	return view
}
