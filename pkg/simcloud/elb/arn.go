package elb

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

// names makes the identifiers of resources in the shapes AWS gives them. The
// ids are derived from the names, so that a restarted world keeps its ARNs.
type names struct{ region, account string }

// id is 16 hexadecimal digits, as in every ELBv2 ARN.
func (n names) id(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{n.region, n.account}, parts...), "\x00")))
	return hex.EncodeToString(sum[:8])
}

func (n names) arn(resource string) string {
	return fmt.Sprintf("arn:aws:elasticloadbalancing:%s:%s:%s", n.region, n.account, resource)
}

func (n names) loadBalancer(name string) string {
	return n.arn("loadbalancer/app/" + name + "/" + n.id("loadbalancer", name))
}

func (n names) targetGroup(name string) string {
	return n.arn("targetgroup/" + name + "/" + n.id("targetgroup", name))
}

// listener is the load balancer's path with an id of its own; seed tells the
// listeners of one load balancer apart.
func (n names) listener(loadBalancer, seed string) string {
	path := strings.TrimPrefix(resource(loadBalancer), "loadbalancer/")
	return n.arn("listener/" + path + "/" + n.id("listener", loadBalancer, seed))
}

func (n names) rule(listener, seed string) string {
	path := strings.TrimPrefix(resource(listener), "listener/")
	return n.arn("listener-rule/" + path + "/" + n.id("rule", listener, seed))
}

// dnsName is "<name>-<ten digits>.<region>.elb.amazonaws.com".
func (n names) dnsName(name string) string {
	sum := sha256.Sum256([]byte("dns\x00" + n.account + "\x00" + name))
	digits := new(big.Int).Mod(new(big.Int).SetBytes(sum[:]), big.NewInt(9_000_000_000))
	number := new(big.Int).Add(digits, big.NewInt(1_000_000_000))
	return strings.ToLower(fmt.Sprintf("%s-%s.%s.elb.amazonaws.com", name, number, n.region))
}

// resource is what follows the account in an ARN.
func resource(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	return parts[len(parts)-1]
}

// arnShape matches an ELBv2 ARN and captures the kind of resource.
var arnShape = regexp.MustCompile(`^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:(loadbalancer|targetgroup|listener|listener-rule)/[A-Za-z0-9/_.-]+$`)

// arnOf refuses text that is no ARN of the wanted kind of resource, which AWS
// rejects differently from an ARN of something that does not exist.
func arnOf(kind, arn string) error {
	m := arnShape.FindStringSubmatch(arn)
	if len(m) < 2 || m[1] != kind {
		return invalid("%q is not a valid %s ARN", arn, kind)
	}
	return nil
}

// resourceName matches the names of load balancers and target groups: at most
// 32 letters, digits and hyphens, no hyphen at either end.
var resourceName = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?$`)
