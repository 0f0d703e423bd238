package elb_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"pipecd/pkg/simcloud/elb"
	"pipecd/pkg/simcloud/target"
)

// cause is a way that requests fail, and who is to blame.
type cause struct {
	arrange func(t *testing.T, b bed)
	status  int // 0: the connection breaks
	want    map[elb.Cause]uint64
}

func causes() map[string]cause {
	drop := http.HandlerFunc(hijackAndDrop)
	breakOff := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	return map[string]cause{
		"weight on an empty group": {
			func(*testing.T, bed) {}, http.StatusServiceUnavailable, map[elb.Cause]uint64{elb.CauseRouting: 1},
		},
		"all weights 0": {
			func(t *testing.T, b bed) { b.route(t, 0, 0) }, http.StatusServiceUnavailable, map[elb.Cause]uint64{elb.CauseRouting: 1},
		},
		"a task that drops connections": {
			func(t *testing.T, b bed) { b.await(t, "blue", b.serve(t, "blue", "drop", drop), "healthy") },
			http.StatusBadGateway, map[elb.Cause]uint64{elb.CauseTarget: 1},
		},
		"a good task that was killed under its request": {
			func(t *testing.T, b bed) { b.await(t, "blue", b.serve(t, "blue", "", drop), "healthy") },
			http.StatusBadGateway, map[elb.Cause]uint64{elb.CauseRouting: 1},
		},
		"a stopped task still registered": {
			func(t *testing.T, b bed) {
				// Nothing listens on the port; the group fails open to it.
				tg := target.Target{ID: "10.0.0.1", Port: 80, Addr: "127.0.0.1:1", Fault: "drop"}
				if err := b.Register(b.TargetGroupARN("blue"), tg); err != nil {
					t.Fatal(err)
				}
				b.await(t, "blue", tg, "unhealthy")
			},
			http.StatusBadGateway, map[elb.Cause]uint64{elb.CauseRouting: 1},
		},
		"an answer that breaks off": {
			func(t *testing.T, b bed) { b.await(t, "blue", b.serve(t, "blue", "drop", breakOff), "healthy") },
			0, map[elb.Cause]uint64{elb.CauseTarget: 1},
		},
		"a task that is too slow": {
			func(t *testing.T, b bed) { b.await(t, "blue", b.serve(t, "blue", "slow", newGate()), "healthy") },
			http.StatusGatewayTimeout, map[elb.Cause]uint64{elb.CauseTarget: 1},
		},
		"an error of the application": {
			func(t *testing.T, b bed) {
				b.await(t, "blue", b.serve(t, "blue", "errors", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(http.StatusInternalServerError)
				})), "healthy")
			},
			http.StatusInternalServerError, map[elb.Cause]uint64{},
		},
	}
}

func TestCausesOfErrors(t *testing.T) {
	t.Parallel()
	for name, c := range causes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := world()
			if c.status == http.StatusGatewayTimeout {
				cfg.IdleTimeout = 50 * time.Millisecond
			}
			b := setup(t, cfg)
			c.arrange(t, b)
			status, _, err := b.try(t.Context(), "/")
			if (c.status == 0) != (err != nil) || (c.status != 0 && status != c.status) {
				t.Errorf("answered %d (%v), want %d", status, err, c.status)
			}
			b.wantErrors(t, c.want)
		})
	}
}
