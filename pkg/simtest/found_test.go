package simtest

import (
	"testing"
)

// What the simulation found, each as small as it is: nothing else goes wrong.
func TestFound(t *testing.T) {
	t.Parallel()
	every := func(call string, what mishap) func(*scenario) {
		return func(sc *scenario) {
			const enough = 200
			for nth := range enough {
				sc.Kills = append(sc.Kills, point{Call: call, Nth: nth + 1, Mishap: what})
			}
		}
	}
	release := func(kind string) func(*scenario) { return func(sc *scenario) { sc.Release = kind } }
	for name, sc := range map[string]scenario{
		"a set that a list does not show yet was taken for deleted":  course(quickSync, foreign, every("DescribeTaskSets", stale)),
		"a service that still showed its removed sets was left":      course(canary, nothing, release("missing"), every("DescribeServices", stale)),
		"the tags of a deployment stayed on a service that had none": course(canary, foreign, release("missing")),
		"half a move made the other half impossible where the primary runs nothing": course(canary, nothing, func(sc *scenario) {
			sc.Rules, sc.Kills = 2, []point{{Call: "ModifyListener", Nth: 1, Mishap: killAfter}}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sum.add(t, simulate(t, sc, logger()))
		})
	}
}
