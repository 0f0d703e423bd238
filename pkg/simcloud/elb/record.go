package elb

import (
	"slices"
	"strconv"
	"time"
)

// The metrics, under the names Datadog gives CloudWatch's of AWS/ApplicationELB.
const (
	metricRequests     = "aws.applicationelb.request_count"
	metricTarget       = "aws.applicationelb.httpcode_target_" // + 2xx, 3xx, 4xx, 5xx
	metricELB          = "aws.applicationelb.httpcode_elb_"    // + 5xx, 502, 503, 504
	metricResponseTime = "aws.applicationelb.target_response_time.average"
	metricHealthy      = "aws.applicationelb.healthy_host_count"
	metricUnhealthy    = "aws.applicationelb.un_healthy_host_count"
)

// maxErrorRecords bounds the list of single errors; the counts go on.
const maxErrorRecords = 1000

// ErrorRecord is one error that a load balancer made itself.
type ErrorRecord struct {
	Time time.Time
	// Status is 502, 503 or 504; 0 is an answer that broke off after its head.
	Status      int
	Cause       Cause
	TargetGroup string // name; empty if no target group was chosen
	Target      string // private address; empty if no target was chosen
	Reason      string // a sentence
}

// counts are the totals since Start or the last ResetCounts.
type counts struct {
	errors  map[Cause]uint64
	records []ErrorRecord
}

// balancerTags are the tags of a load balancer's metrics, as Datadog's AWS
// integration gives them.
func (b *Balancers) balancerTags(lb *balancer) []string {
	return slices.Concat([]string{
		"loadbalancer:" + trimResource(lb.arn, "loadbalancer/"),
		"hostname:" + lb.dns,
		"name:" + lb.name,
		"region:" + b.cfg.Region,
		"aws_account:" + b.cfg.AccountID,
	}, b.cfg.MetricTags)
}

// groupTags are the tags of a target group's metrics, nil if no load balancer
// uses it: CloudWatch knows a target group only together with its load balancer.
func (b *Balancers) groupTags(g *group) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lockedGroupTags(g)
}

func (b *Balancers) lockedGroupTags(g *group) []string {
	if g.owner == nil {
		return nil
	}
	return append(b.balancerTags(g.owner), "targetgroup:"+resource(g.arn))
}

func trimResource(arn, prefix string) string { return resource(arn)[len(prefix):] }

// count publishes an event; nil tags publish nothing.
func (b *Balancers) count(name string, tags []string) {
	if b.cfg.Metrics != nil && tags != nil {
		b.cfg.Metrics.Add(name, tags, 1)
	}
}

// publishHosts publishes how many targets of the group are healthy. It runs with
// b.mu held.
func (b *Balancers) publishHosts(g *group) {
	tags := b.lockedGroupTags(g)
	if b.cfg.Metrics == nil || tags == nil {
		return
	}
	healthy, unhealthy := g.count()
	b.cfg.Metrics.Set(metricHealthy, tags, float64(healthy))
	b.cfg.Metrics.Set(metricUnhealthy, tags, float64(unhealthy))
}

// recordAnswer counts an answer of a target.
func (b *Balancers) recordAnswer(e *exchange, status int) {
	class := min(max(status/100, 0), len(e.group.answers)-1)
	b.mu.Lock()
	e.group.answers[class]++
	tags := b.lockedGroupTags(e.group)
	b.mu.Unlock()
	if b.cfg.Metrics == nil || tags == nil {
		return
	}
	if class >= 2 {
		b.count(metricTarget+strconv.Itoa(class)+"xx", tags)
	}
	b.cfg.Metrics.Observe(metricResponseTime, tags, time.Since(e.started).Seconds())
}

// recordError counts an error of the load balancer. CloudWatch has these metrics
// per load balancer only: HTTPCode_ELB_* know no target group.
func (b *Balancers) recordError(lb *balancer, r ErrorRecord) {
	r.Time = time.Now()
	b.mu.Lock()
	if b.counts.errors == nil {
		b.counts.errors = map[Cause]uint64{}
	}
	b.counts.errors[r.Cause]++
	if len(b.counts.records) >= maxErrorRecords {
		b.counts.records = slices.Delete(b.counts.records, 0, 1)
	}
	b.counts.records = append(b.counts.records, r)
	b.mu.Unlock()
	if lb == nil || r.Status == 0 {
		return
	}
	tags := b.balancerTags(lb)
	b.count(metricELB+"5xx", tags)
	b.count(metricELB+strconv.Itoa(r.Status), tags)
}
