package datadog

import "time"

// expr is a parsed query.
type expr interface {
	// text is the expression as Datadog writes it back.
	text() string
}

// number is a literal.
type number struct {
	value float64
	raw   string
}

// binary is an arithmetic operation: + - * /.
type binary struct {
	op          byte
	left, right expr
}

// call is a function of one expression.
type call struct {
	name string // abs or default_zero
	arg  expr
}

// negate is unary minus.
type negate struct{ arg expr }

// metricQuery is "agg:name{filters} by {tags}" with its modifiers.
type metricQuery struct {
	aggregator string // avg, sum, min, max, count
	name       string
	filters    []filter
	groupBy    []string
	mode       mode
	rollup     *rollup
	fill       *fill
	raw        string
}

// mode is how counts are shown.
type mode int

const (
	asStored mode = iota
	asCount
	asRate
)

// filter is one condition on a tag.
type filter struct {
	tag     string // "key:value", or "*" for everything
	exclude bool
}

// rollup is a time aggregation; an empty method or zero interval is the default.
type rollup struct {
	method   string // avg, sum, min, max, count
	interval time.Duration
}

// fill says how gaps are interpolated.
type fill struct {
	method string // null, zero, last, linear
	limit  time.Duration
}

func (n number) text() string { return n.raw }
func (b binary) text() string {
	return "(" + b.left.text() + " " + string(b.op) + " " + b.right.text() + ")"
}
func (c call) text() string        { return c.name + "(" + c.arg.text() + ")" }
func (n negate) text() string      { return "-" + n.arg.text() }
func (m metricQuery) text() string { return m.raw }
