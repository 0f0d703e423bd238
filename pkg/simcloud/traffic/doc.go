// Package traffic is a load generator for the simulated cloud: it sends requests
// to a load balancer's listener at a steady rate, whether or not earlier ones
// were answered (an open loop), and counts what came back.
//
// It tells apart who made an error: an application's answers carry the header
// X-App-Version, the load balancer's own pages do not.
//
// It sends to loopback only and never without a bound.
package traffic
