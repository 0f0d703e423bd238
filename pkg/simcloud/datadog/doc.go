// Package datadog answers Datadog's metrics API from a metric.Store: queries of
// time series (GET /api/v1/query) and the validation of keys
// (/api/v1/validate), with the key checks, error bodies and rate-limit headers
// of the real one, and with misbehaviour to order for tests.
//
// A query goes through three stages, each its own file: lex.go and parse.go
// turn text into an expression (ast.go), eval.go computes its series, answer.go
// shapes them as JSON. The parser refuses what it does not know and says where.
//
// # What a query means
//
// The language is the part of Datadog's that gates of deployments use:
//
//	100 * sum:aws.applicationelb.httpcode_target_5xx{targetgroup:x}.as_count()
//	    / sum:aws.applicationelb.request_count{targetgroup:x}.as_count()
//
// numbers, + - * / and parentheses; agg:metric{filters} with agg one of avg,
// sum, min, max, count; filters a:b, !a:b, * and values that end in *, joined by
// commas (and); by {tag,...}; .as_count(), .as_rate(), .rollup(method, seconds),
// .fill(method, limit); abs() and default_zero().
//
// Points are put into intervals aligned to the Unix epoch: the rollup's, or the
// smallest of Datadog's steps that gives at most 300 points, never finer than
// the store's resolution. Within an interval counts are summed and other metrics
// averaged, unless the rollup says otherwise; then the aggregator joins the
// series of a group.
//
// # Missing points
//
// An interval without data has no point, and nothing is interpolated unless
// .fill() asks for it. (Datadog interpolates gauges over five minutes; the
// store's gauges have no gaps to speak of.) Arithmetic between two series covers
// the intervals in which either has a point. There, a side without a point
// counts as 0 if it is a count or rate queried with as_count() or as_rate() or
// went through default_zero() — Datadog documents such metrics as "always
// aligned as 0" — and makes the result null otherwise. A division by zero is
// null. So of errors.as_count() / requests.as_count() an interval with requests
// and no error is 0 if some other interval of the window had an error; but if the
// whole window had none, the numerator is no series at all and the answer is
// empty. default_zero() of an ungrouped query turns that into zeros.
package datadog
