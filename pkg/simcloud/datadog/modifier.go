package datadog

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxInterval bounds a rollup; Datadog has no data older than 15 months.
const maxInterval = 30 * 24 * time.Hour

// modifier reads what follows a metric's dot.
func (p *parser) modifier(m *metricQuery) error {
	name := p.take()
	if name.kind != word {
		return p.fail(name, "a modifier was expected after the dot")
	}
	args, err := p.arguments()
	if err != nil {
		return err
	}
	switch name.text {
	case "as_count", "as_rate":
		if len(args) > 0 {
			return p.fail(args[0], "%s takes no argument", name.text)
		}
		m.mode = asCount
		if name.text == "as_rate" {
			m.mode = asRate
		}
		return nil
	case "rollup":
		return p.setRollup(m, name, args)
	case "fill":
		return p.setFill(m, name, args)
	default:
		return p.fail(name, "the modifier %q is not known here; as_count, as_rate, rollup and fill are", name.text)
	}
}

// arguments reads "(a, b)"; each argument is one word.
func (p *parser) arguments() ([]token, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var args []token
	if p.accept(")") {
		return args, nil
	}
	for {
		t := p.take()
		if t.kind != word {
			return nil, p.fail(t, "an argument was expected")
		}
		args = append(args, t)
		if p.accept(")") {
			return args, nil
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
	}
}

// setRollup reads rollup(method), rollup(seconds) or rollup(method, seconds).
func (p *parser) setRollup(m *metricQuery, name token, args []token) error {
	if len(args) == 0 || len(args) > 2 {
		return p.fail(name, "rollup takes a method, seconds, or both")
	}
	r := &rollup{}
	if slices.Contains(aggregators(), args[0].text) {
		r.method = args[0].text
		args = args[1:]
	}
	if len(args) > 1 {
		return p.fail(args[0], "the rollup method %q is not one of %s", args[0].text, strings.Join(aggregators(), ", "))
	}
	if len(args) == 1 {
		interval, err := p.seconds(args[0], maxInterval)
		if err != nil {
			return err
		}
		r.interval = interval
	}
	m.rollup = r
	return nil
}

func (p *parser) setFill(m *metricQuery, name token, args []token) error {
	if len(args) == 0 || len(args) > 2 {
		return p.fail(name, "fill takes a method and, if wanted, a limit in seconds")
	}
	methods := []string{"null", "zero", "last", "linear"}
	if !slices.Contains(methods, args[0].text) {
		return p.fail(args[0], "the fill method %q is not one of %s", args[0].text, strings.Join(methods, ", "))
	}
	f := &fill{method: args[0].text, limit: defaultFill}
	if len(args) == 2 {
		limit, err := p.seconds(args[1], maxFill)
		if err != nil {
			return err
		}
		f.limit = limit
	}
	m.fill = f
	return nil
}

func (p *parser) seconds(t token, most time.Duration) (time.Duration, error) {
	n, err := strconv.Atoi(t.text)
	if err != nil || n < 1 || n > int(most/time.Second) {
		return 0, p.fail(t, "%q is not a number of seconds between 1 and %d", t.text, int(most/time.Second))
	}
	return time.Duration(n) * time.Second, nil
}
