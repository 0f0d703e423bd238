package apiclient_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"pipecd/pkg/piped/apiclient"
)

// A control plane without a stream sees by ReportStat alone that the agent
// lives, in the interval it names; and it is asked for the stream again.
func TestSignsOfLifeWhilePolling(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		interval    int64 // seconds, as the control plane names it
		least, most int   // signs in five minutes
	}{
		{60, 4, 7},
		{20, 12, 18},
		{0, 4, 7},       // says nothing
		{1 << 40, 4, 7}, // nonsense
		{1, 40, 70},     // never more often than it is polled
	} {
		virtual(t, func(t *testing.T, n *memoryNet, c *apiclient.Client) {
			n.plane.statInterval = test.interval
			l := newListener()
			stop := run(t, c, l)
			time.Sleep(5 * time.Minute)
			if got := n.plane.count("ReportStat"); got < test.least || got > test.most {
				t.Errorf("interval %d: %d signs of life in five minutes, want %d to %d", test.interval, got, test.least, test.most)
			}
			if got := n.plane.count("ListUnhandledCommands"); got < 45 {
				t.Errorf("polled %d times in five minutes", got)
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
			if got := strings.Count(strings.Join(l.heard(), " "), "polling"); got != 1 {
				t.Errorf("the handler was told %d times", got)
			}
		})
	}
}

// A sign of life that fails does not stop the polling, and is given again.
func TestSignOfLifeFails(t *testing.T) {
	t.Parallel()
	virtual(t, func(t *testing.T, n *memoryNet, c *apiclient.Client) {
		n.plane.statInterval = 60
		n.plane.answer = func(method string, call int) error {
			if method == "ReportStat" && call <= 3 {
				return status.Error(codes.Unavailable, "not now")
			}
			return nil
		}
		stop := run(t, c, newListener())
		time.Sleep(time.Minute)
		if got := n.plane.count("ReportStat"); got < 4 || got > 6 {
			t.Errorf("%d signs of life were given", got)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}
