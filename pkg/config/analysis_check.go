package config

import (
	"slices"
	"time"
)

// defaultQueryTimeout limits one query that has no limit of its own.
const defaultQueryTimeout = 30 * time.Second

func (t *AnalysisTemplate) finish(d *document) {
	for name, m := range t.Metrics {
		m.finish(d, fieldPath("spec.metrics", name), 0)
		t.Metrics[name] = m
	}
	for name, l := range t.Logs {
		l.finish(d, fieldPath("spec.logs", name), 0)
		t.Logs[name] = l
	}
	for name, h := range t.HTTPS {
		h.finish(d, fieldPath("spec.https", name), 0)
		t.HTTPS[name] = h
	}
}

func (o *AnalysisOptions) finish(d *document, path string) {
	if len(o.Metrics)+len(o.Logs)+len(o.HTTPS) == 0 {
		d.Warnf(path, "the stage has no metrics, so it succeeds at once").hintf("add with.metrics, or remove the stage")
	}
	for i := range o.Metrics {
		m, at := &o.Metrics[i], indexPath(path+".metrics", i)
		if m.Template.Name == "" {
			m.finish(d, at, o.Duration)
			continue
		}
		d.ignoredBesideTemplate(at, "timeout")
		d.durationDefault(at+".timeout", &m.Timeout, defaultQueryTimeout)
	}
	for i := range o.Logs {
		if l, at := &o.Logs[i], indexPath(path+".logs", i); l.Template.Name == "" {
			l.finish(d, at, o.Duration)
		} else {
			d.ignoredBesideTemplate(at)
		}
	}
	for i := range o.HTTPS {
		if h, at := &o.HTTPS[i], indexPath(path+".https", i); h.Template.Name == "" {
			h.finish(d, at, o.Duration)
		} else {
			d.ignoredBesideTemplate(at)
		}
	}
}

// ignoredBesideTemplate warns about the fields that the named template
// replaces.
func (d *document) ignoredBesideTemplate(path string, kept ...string) {
	kept = append(kept, "template")
	for _, e := range d.seen[path].value.entries {
		if at := fieldPath(path, e.key); !slices.Contains(kept, e.key) && d.has(at) {
			d.Warnf(at, "the field is ignored, because template.name is given").hintf("set it in the template")
		}
	}
}

// finish checks a metric. The duration is that of the stage, 0 when the metric
// stands in a template.
func (m *Metric) finish(d *document, path string, duration Duration) {
	d.requireText(path+".provider", m.Provider, "write the name of one of the agent's analysisProviders")
	d.requireText(path+".query", m.Query, "")
	stringDefault(&m.Strategy, StrategyThreshold)
	stringDefault(&m.Deviation, DeviationEither)
	d.checkInterval(path, m.Interval, duration)
	d.notNegative(path+".failureLimit", m.FailureLimit)
	d.durationDefault(path+".timeout", &m.Timeout, defaultQueryTimeout)
	m.finishExpected(d, path)
	m.finishNoData(d, path)
}

func (m *Metric) finishExpected(d *document, path string) {
	low, high := m.Expected.Min, m.Expected.Max
	at := path + ".expected"
	switch {
	case m.Strategy != StrategyThreshold:
		if d.has(at) {
			d.Warnf(at, "the field is ignored with strategy %s", m.Strategy)
		}
	case low == nil && high == nil:
		if !d.damaged[at] {
			d.Errorf(at, "expected min or max with strategy THRESHOLD, found neither")
		}
	case low != nil && high != nil && *low > *high:
		d.Errorf(at+".min", "expected at most max, which is %v, found %v", *high, *low)
	}
}

func (m *Metric) finishNoData(d *document, path string) {
	if m.SkipOnNoData && m.OnNoData != "" && m.OnNoData != NoDataSkip {
		d.Warnf(path+".onNoData", "%s counts; skipOnNoData: true says otherwise", m.OnNoData).hintf("remove skipOnNoData")
	}
	def := NoDataPass
	if m.SkipOnNoData {
		def = NoDataSkip
	}
	stringDefault(&m.OnNoData, def)
}

func (l *LogCheck) finish(d *document, path string, duration Duration) {
	d.requireText(path+".provider", l.Provider, "")
	d.requireText(path+".query", l.Query, "")
	d.checkInterval(path, l.Interval, duration)
	d.notNegative(path+".failureLimit", l.FailureLimit)
	d.durationDefault(path+".timeout", &l.Timeout, defaultQueryTimeout)
}

func (h *HTTPCheck) finish(d *document, path string, duration Duration) {
	d.requireText(path+".url", h.URL, "")
	if h.URL != "" && !isWebURL(h.URL) {
		d.Errorf(path+".url", "expected a URL that begins with http:// or https://, found %s", quote(h.URL))
	}
	d.checkInterval(path, h.Interval, duration)
	d.notNegative(path+".failureLimit", h.FailureLimit)
	d.notNegative(path+".expectedCode", h.ExpectedCode)
	d.durationDefault(path+".timeout", &h.Timeout, defaultQueryTimeout)
}

// checkInterval checks the time between checks: with one that is longer than
// the stage no check would ever be made. The duration is 0 when it is not known.
func (d *document) checkInterval(path string, interval, duration Duration) {
	at := path + ".interval"
	switch {
	case interval == 0:
		d.Errorf(at, "is required, and must be longer than 0").hintf("write how much time lies between two checks, such as 1m")
	case duration > 0 && interval > duration:
		d.Errorf(at, "no check would ever run: the interval is %s and the stage lasts %s", interval, duration).
			hintf("make the interval shorter or the duration longer")
	}
}

// requireText checks a field that only some uses of its struct need.
func (d *document) requireText(path, value, hint string) {
	if value == "" {
		d.Errorf(path, "is required").hintf("%s", hint)
	}
}
