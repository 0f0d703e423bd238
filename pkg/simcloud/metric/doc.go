// Package metric is the memory of the simulated cloud's measurements: counters,
// averages and gauges in buckets of a settable resolution, each of which becomes
// visible only after an ingestion delay, as CloudWatch metrics do in Datadog.
//
// A bucket in which nothing happened has no point: counters are sparse, as AWS
// publishes them. What is older than the retention is forgotten and the number
// of series is bounded, so memory is too.
//
//	store := metric.New(metric.Config{Resolution: time.Second, Delay: 2 * time.Second})
//	store.Add("aws.applicationelb.request_count", tags, 1)
//	series := store.Query("aws.applicationelb.request_count", from, to)
package metric
