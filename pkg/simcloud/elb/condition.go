package elb

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// Limits AWS documents ("Condition types for listener rules").
const (
	maxConditionValues = 3   // per condition
	maxRuleValues      = 5   // over all conditions of a rule
	maxWildcards       = 5   // over all conditions of a rule
	maxConditionLength = 128 // characters of one value
)

// The condition fields.
const (
	fieldHost   = "host-header"
	fieldPath   = "path-pattern"
	fieldMethod = "http-request-method"
	fieldHeader = "http-header"
	fieldQuery  = "query-string"
	fieldSource = "source-ip"
)

// acceptConditions checks a rule's conditions and returns them as AWS shows
// them: host and path values appear both in Values and in their configuration.
func acceptConditions(conditions []types.RuleCondition) ([]types.RuleCondition, error) {
	if len(conditions) == 0 {
		return nil, invalid("a rule needs at least one condition")
	}
	stored := make([]types.RuleCondition, 0, len(conditions))
	var all []string
	seen := map[string]bool{}
	for _, c := range conditions {
		field := aws.ToString(c.Field)
		if seen[field] && field != fieldHeader && field != fieldQuery {
			return nil, invalid("a rule takes only one %s condition", field)
		}
		seen[field] = true
		shown, values, err := acceptCondition(c)
		if err != nil {
			return nil, err
		}
		all = append(all, values...)
		stored = append(stored, shown)
	}
	wildcards := strings.Count(strings.Join(all, ""), "*") + strings.Count(strings.Join(all, ""), "?")
	switch {
	case len(all) > maxRuleValues:
		return nil, invalid("a rule takes at most %d condition values, not %d", maxRuleValues, len(all))
	case wildcards > maxWildcards:
		return nil, invalid("a rule takes at most %d wildcards, not %d", maxWildcards, wildcards)
	}
	return stored, nil
}

func acceptCondition(c types.RuleCondition) (types.RuleCondition, []string, error) {
	if len(c.RegexValues) > 0 {
		return c, nil, notSimulated("a regular expression in a condition")
	}
	values, err := conditionValues(&c)
	if err != nil {
		return c, nil, err
	}
	if len(values) == 0 || len(values) > maxConditionValues {
		return c, nil, invalid("a %s condition takes 1 to %d values, not %d", aws.ToString(c.Field), maxConditionValues, len(values))
	}
	for _, v := range values {
		if v == "" || len(v) > maxConditionLength {
			return c, nil, invalid("a %s value has 1 to %d characters", aws.ToString(c.Field), maxConditionLength)
		}
	}
	return c, values, nil
}

// conditionValues returns the values to compare with and completes c.
func conditionValues(c *types.RuleCondition) ([]string, error) {
	switch field := aws.ToString(c.Field); field {
	case fieldHost:
		if c.HostHeaderConfig != nil {
			c.Values = c.HostHeaderConfig.Values
		}
		c.HostHeaderConfig = &types.HostHeaderConditionConfig{Values: c.Values}
		return c.Values, nil
	case fieldPath:
		if c.PathPatternConfig != nil {
			c.Values = c.PathPatternConfig.Values
		}
		c.PathPatternConfig = &types.PathPatternConditionConfig{Values: c.Values}
		return c.Values, nil
	case fieldMethod:
		if c.HttpRequestMethodConfig == nil {
			return nil, invalid("a %s condition needs HttpRequestMethodConfig", field)
		}
		return c.HttpRequestMethodConfig.Values, nil
	case fieldHeader:
		if c.HttpHeaderConfig == nil || aws.ToString(c.HttpHeaderConfig.HttpHeaderName) == "" {
			return nil, invalid("a %s condition needs HttpHeaderConfig with a name", field)
		}
		return c.HttpHeaderConfig.Values, nil
	case fieldQuery:
		if c.QueryStringConfig == nil {
			return nil, invalid("a %s condition needs QueryStringConfig", field)
		}
		return queryTexts(c.QueryStringConfig.Values), nil
	case fieldSource:
		return sourceRanges(c.SourceIpConfig)
	default:
		return nil, invalid("%q is not a condition field", field)
	}
}

func queryTexts(pairs []types.QueryStringKeyValuePair) []string {
	texts := make([]string, 0, len(pairs))
	for _, p := range pairs {
		texts = append(texts, aws.ToString(p.Key)+aws.ToString(p.Value))
	}
	return texts
}

func sourceRanges(c *types.SourceIpConditionConfig) ([]string, error) {
	if c == nil {
		return nil, invalid("a %s condition needs SourceIpConfig", fieldSource)
	}
	for _, v := range c.Values {
		if _, err := netip.ParsePrefix(v); err != nil {
			return nil, invalid("%q is not an address range", v)
		}
	}
	return c.Values, nil
}

// holds reports whether the request meets every condition.
func holds(conditions []types.RuleCondition, r *http.Request) bool {
	return !slices.ContainsFunc(conditions, func(c types.RuleCondition) bool { return !met(c, r) })
}

func met(c types.RuleCondition, r *http.Request) bool {
	anyOf := slices.ContainsFunc[[]string]
	switch aws.ToString(c.Field) {
	case fieldHost:
		host := strings.ToLower(hostOnly(r.Host))
		return anyOf(c.Values, func(v string) bool { return glob(strings.ToLower(v), host) })
	case fieldPath: // case-sensitive, without the query
		return anyOf(c.Values, func(v string) bool { return glob(v, r.URL.Path) })
	case fieldMethod:
		return anyOf(c.HttpRequestMethodConfig.Values, func(v string) bool { return v == r.Method })
	case fieldHeader:
		got := r.Header.Values(aws.ToString(c.HttpHeaderConfig.HttpHeaderName))
		return anyOf(c.HttpHeaderConfig.Values, func(v string) bool {
			return anyOf(got, func(g string) bool { return glob(strings.ToLower(v), strings.ToLower(g)) })
		})
	case fieldQuery:
		return slices.ContainsFunc(c.QueryStringConfig.Values, func(p types.QueryStringKeyValuePair) bool { return queryHas(r, p) })
	case fieldSource:
		return anyOf(c.SourceIpConfig.Values, func(v string) bool { return inRange(v, r.RemoteAddr) })
	default:
		return false
	}
}

func queryHas(r *http.Request, p types.QueryStringKeyValuePair) bool {
	for key, values := range r.URL.Query() {
		if p.Key != nil && !glob(strings.ToLower(*p.Key), strings.ToLower(key)) {
			continue
		}
		for _, v := range values {
			if glob(strings.ToLower(aws.ToString(p.Value)), strings.ToLower(v)) {
				return true
			}
		}
	}
	return false
}

func inRange(cidr, remote string) bool {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddrPort(remote)
	return err == nil && prefix.Contains(addr.Addr().Unmap())
}

func hostOnly(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// glob matches * (any run of characters) and ? (exactly one). It is linear in
// the text for each *, so hostile patterns stay cheap.
func glob(pattern, text string) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
