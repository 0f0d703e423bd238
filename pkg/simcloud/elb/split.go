package elb

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// share is one target group of a forward action.
type share struct {
	group  string // ARN
	weight int
}

// forwarded returns the target groups the actions forward to, in their order.
func forwarded(actions []types.Action) []share {
	var shares []share
	for _, a := range actions {
		if a.Type != types.ActionTypeEnumForward || a.ForwardConfig == nil {
			continue
		}
		for _, t := range a.ForwardConfig.TargetGroups {
			shares = append(shares, share{group: aws.ToString(t.TargetGroupArn), weight: int(aws.ToInt32(t.Weight))})
		}
	}
	return shares
}

// splitter hands out target groups in proportion to their weights, spread
// evenly: with 80 and 20, every run of five requests holds exactly one of the
// smaller share. AWS draws at random; an even spread has the same mean and makes
// short demonstrations exact.
type splitter struct {
	shares  []share
	current []int
	total   int
}

func newSplitter(shares []share) splitter {
	s := splitter{shares: shares, current: make([]int, len(shares))}
	for _, sh := range shares {
		s.total += sh.weight
	}
	return s
}

// next returns the ARN of the next target group, "" if no share has weight.
func (s *splitter) next() string {
	if s.total == 0 {
		return ""
	}
	best := -1
	for i, sh := range s.shares {
		if sh.weight == 0 {
			continue
		}
		s.current[i] += sh.weight
		if best < 0 || s.current[i] > s.current[best] {
			best = i
		}
	}
	s.current[best] -= s.total
	return s.shares[best].group
}
