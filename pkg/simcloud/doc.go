// Package simcloud is a small AWS and Datadog to run against: the container
// service (package ecs), load balancers (package elb), Application Auto Scaling
// (package autoscaling), the token service, and Datadog's query API (package
// datadog) behind one [http.Handler]. An unmodified AWS SDK works against it with
// AWS_ENDPOINT_URL set to its address.
//
//	request ─▶ gate ─┬─▶ ecs ──▶ task (one HTTP server per task)
//	                 ├─▶ elb ◀── target ◀── ecs
//	                 ├─▶ autoscaling ──▶ ecs
//	                 ├─▶ sts
//	                 ├─▶ datadog ◀── metric ◀── elb
//	                 └─▶ page
//
// The gate finds out which service and operation a request is for, reads who
// signed it, refuses and disturbs what the configuration says, and records every
// call. The page at / shows the load balancers' live split, and their last minute as
// history.go remembers it.
//
// It is imported only by tests and by the quickstart.
package simcloud
