package datadog

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxQueryBytes = 32 << 10
	maxTokens     = 2000
	maxDepth      = 50 // of parentheses and functions
	// The limits of .fill(), from "Interpolation and the Fill Modifier".
	defaultFill = 5 * time.Minute
	maxFill     = 10 * time.Minute
)

// parser is a recursive descent over the tokens:
//
//	sum    = product { ("+" | "-") product }
//	product = unary { ("*" | "/") unary }
//	unary  = "-" unary | number | "(" sum ")" | function "(" sum ")" | metric
//	metric = [agg ":"] name "{" filters "}" ["by" "{" tags "}"] { "." modifier }
type parser struct {
	query  string
	tokens []token
	next   int
	depth  int
}

// parse reads a query. The error is a *syntaxError.
func parse(query string) (expr, error) {
	if len(query) > maxQueryBytes {
		return nil, &syntaxError{query, maxQueryBytes, fmt.Sprintf("the query is longer than %d bytes", maxQueryBytes)}
	}
	tokens, err := lex(query)
	if err != nil {
		return nil, err
	}
	if len(tokens) > maxTokens {
		return nil, &syntaxError{query, tokens[maxTokens].at, fmt.Sprintf("the query has more than %d parts", maxTokens)}
	}
	p := &parser{query: query, tokens: tokens}
	e, err := p.sum()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != end {
		return nil, p.fail(t, "%q was not expected here", t.text)
	}
	return e, nil
}

func (p *parser) peek() token { return p.tokens[p.next] }

func (p *parser) take() token {
	t := p.tokens[p.next]
	if t.kind != end {
		p.next++
	}
	return t
}

// accept takes the next token if it is that symbol or word.
func (p *parser) accept(text string) bool {
	if t := p.peek(); (t.kind == symbol || t.kind == word) && t.text == text {
		p.next++
		return true
	}
	return false
}

func (p *parser) expect(text string) error {
	if p.accept(text) {
		return nil
	}
	return p.fail(p.peek(), "%q was expected", text)
}

func (p *parser) fail(t token, format string, args ...any) error {
	return &syntaxError{p.query, t.at, fmt.Sprintf(format, args...)}
}

func (p *parser) sum() (expr, error) { return p.chain("+-", p.product) }

func (p *parser) product() (expr, error) { return p.chain("*/", p.unary) }

// chain reads operands joined by left-associative operators.
func (p *parser) chain(operators string, operand func() (expr, error)) (expr, error) {
	left, err := operand()
	if err != nil {
		return nil, err
	}
	for {
		t := p.peek()
		if t.kind != symbol || !strings.Contains(operators, t.text) {
			return left, nil
		}
		p.next++
		right, err := operand()
		if err != nil {
			return nil, err
		}
		left = binary{op: t.text[0], left: left, right: right}
	}
}

func (p *parser) unary() (expr, error) {
	p.depth++
	defer func() { p.depth-- }()
	t := p.peek()
	switch {
	case p.depth > maxDepth:
		return nil, p.fail(t, "the query is nested more than %d deep", maxDepth)
	case p.accept("-"):
		arg, err := p.unary()
		return negate{arg}, err
	case p.accept("("):
		e, err := p.sum()
		if err != nil {
			return nil, err
		}
		return e, p.expect(")")
	case t.kind == word && t.text[0] >= '0' && t.text[0] <= '9', t.kind == symbol && t.text == ".":
		return p.number()
	case t.kind == word && p.tokens[p.next+1].text == "(":
		return p.function()
	case t.kind == word:
		return p.metric()
	case t.kind == end:
		return nil, p.fail(t, "the query ends where a metric or a number was expected")
	default:
		return nil, p.fail(t, "%q was found where a metric or a number was expected", t.text)
	}
}

// number joins "12", "." and "5" again, which the lexer took apart.
func (p *parser) number() (expr, error) {
	first := p.peek()
	stop := first.at
	for t := p.peek(); t.at == stop && (t.kind == word || t.text == "."); t = p.peek() {
		stop = t.stop
		p.next++
	}
	raw := p.query[first.at:stop]
	value, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsInf(value, 0) || math.IsNaN(value) {
		return nil, p.fail(first, "%q is not a number", raw)
	}
	return number{value: value, raw: raw}, nil
}

func (p *parser) function() (expr, error) {
	name := p.take()
	if name.text != "abs" && name.text != "default_zero" {
		return nil, p.fail(name, "the function %q is not known here; abs and default_zero are", name.text)
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	arg, err := p.sum()
	if err != nil {
		return nil, err
	}
	return call{name: name.text, arg: arg}, p.expect(")")
}

// aggregators are the space aggregators, which are also the rollup methods.
func aggregators() []string { return []string{"avg", "sum", "min", "max", "count"} }

func (p *parser) metric() (expr, error) {
	first := p.peek()
	m := metricQuery{aggregator: "avg"}
	if p.tokens[p.next+1].text == ":" {
		if !slices.Contains(aggregators(), first.text) {
			return nil, p.fail(first, "the aggregator %q is not one of %s", first.text, strings.Join(aggregators(), ", "))
		}
		m.aggregator = first.text
		p.next += 2
	}
	name, err := p.dotted()
	if err != nil {
		return nil, err
	}
	m.name = name
	scope := p.take()
	if scope.kind != braced {
		return nil, p.fail(scope, "the metric %s needs a scope such as {*}", name)
	}
	if m.filters, err = p.filters(scope); err != nil {
		return nil, err
	}
	if p.accept("by") {
		if m.groupBy, err = p.groups(); err != nil {
			return nil, err
		}
	}
	for p.accept(".") {
		if err := p.modifier(&m); err != nil {
			return nil, err
		}
	}
	m.raw = strings.Join(strings.Fields(p.query[first.at:p.tokens[p.next-1].stop]), " ")
	return m, nil
}

// dotted reads a metric's name.
func (p *parser) dotted() (string, error) {
	var parts []string
	for {
		t := p.take()
		if t.kind != word {
			return "", p.fail(t, "a metric's name was expected")
		}
		parts = append(parts, t.text)
		if !p.accept(".") {
			return strings.Join(parts, "."), nil
		}
	}
}

func (p *parser) filters(scope token) ([]filter, error) {
	var filters []filter
	for text := range strings.SplitSeq(scope.text, ",") {
		tag := strings.TrimSpace(text)
		f := filter{}
		if rest, ok := strings.CutPrefix(tag, "!"); ok {
			f.exclude, tag = true, strings.TrimSpace(rest)
		}
		f.tag = strings.ToLower(tag)
		key, value, pair := strings.Cut(tag, ":")
		if tag != "*" && (!pair || key == "" || value == "") {
			return nil, p.fail(scope, "the filter %q is not of the form tag:value", tag)
		}
		if strings.ContainsAny(tag, " \t\r\n{") {
			return nil, p.fail(scope, "the filter %q is not one this simulation understands; join filters with commas", tag)
		}
		filters = append(filters, f)
	}
	return filters, nil
}

func (p *parser) groups() ([]string, error) {
	t := p.take()
	if t.kind != braced {
		return nil, p.fail(t, `"by" needs tag names in braces`)
	}
	var keys []string
	for key := range strings.SplitSeq(t.text, ",") {
		key = strings.ToLower(strings.TrimSpace(key))
		if key == "" || strings.ContainsAny(key, " \t\r\n:{*") {
			return nil, p.fail(t, "%q is not a tag name", key)
		}
		keys = append(keys, key)
	}
	return keys, nil
}
