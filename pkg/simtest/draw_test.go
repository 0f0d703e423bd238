package simtest

import (
	"math/rand/v2"
	"time"
)

// draw returns the scenario of a seed.
func draw(seed uint64) scenario {
	r := lottery(seed, "scenario")
	sc := scenario{
		Seed:      seed,
		Shape:     pick(r, quickSync, quickSync, canary, canary, steps, analysis, approval, blueGreen, late, unbalanced, hasty, glance),
		Before:    pick(r, nothing, foreign, ours, ours, stranger, leftCanary, leftShare),
		Release:   pick(r, "", "", "", "", "", "", "errors", "unhealthy", "crash", "missing"),
		TaskStart: pick(r, 2*time.Second, 10*time.Second, 30*time.Second),
		Weather:   pick[weather](r, 0, 0, 20, 20, 100),
		Rules:     r.IntN(3),
	}
	if sc.Release == "errors" {
		sc.Shape = analysis // nothing else asks
	}
	if chance(r, 25) {
		sc.Cancel = spell(r, time.Second, 4*time.Minute)
	}
	if chance(r, 40) {
		for range 1 + r.IntN(3) {
			sc.Kills = append(sc.Kills, drawKill(r))
		}
	}
	if chance(r, 15) {
		sc.Fates = map[int]fate{}
		for range 1 + r.IntN(2) {
			sc.Fates[1+r.IntN(5)] = drawFate(r)
		}
	}
	if chance(r, 15) {
		sc.PlaneAway = drawAbsence(r)
	}
	if chance(r, 15) {
		sc.GitAway = drawAbsence(r)
	}
	if chance(r, 10) {
		sc.Twin = spell(r, time.Second, 2*time.Minute)
	}
	if sc.Twin > 0 && chance(r, 70) {
		sc.Isolated = absence{From: spell(r, time.Second, 2*time.Minute), For: spell(r, 30*time.Second, 2*time.Minute)}
		sc.Stalled = chance(r, 70)
	}
	if chance(r, 10) {
		sc.Strike = spell(r, time.Second, 3*time.Minute)
	}
	if chance(r, 12) {
		sc.Meddling = meddling{Kind: pick(r, movesRequests, movesRequests, addsSet, deletesCanary, scalesService), After: spell(r, time.Second, 3*time.Minute)}
	}
	return sc
}

// absence is when something is away.
type absence struct{ From, For time.Duration }

func drawAbsence(r *rand.Rand) absence {
	return absence{From: spell(r, time.Second, 3*time.Minute), For: spell(r, time.Second, 2*time.Minute)}
}

// drawKill draws the call at which the agent is killed.
func drawKill(r *rand.Rand) point {
	side := pick(r, killBefore, killAfter)
	if chance(r, 70) {
		call := pick(r, "RegisterTaskDefinition", "CreateService", "UpdateService", "TagResource", "CreateTaskSet", "CreateTaskSet",
			"UpdateServicePrimaryTaskSet", "DeleteTaskSet", "ModifyRule", "ModifyListener")
		return point{Call: call, Nth: 1 + r.IntN(4), Mishap: side}
	}
	call := pick(r, "DescribeServices", "DescribeTaskSets", "DescribeRules", "DescribeTargetHealth", "DescribeListeners", "DescribeTargetGroups", queryMetrics)
	return point{Call: call, Nth: 1 + r.IntN(25), Mishap: side}
}

func drawFate(r *rand.Rand) fate {
	switch r.IntN(4) {
	case 0:
		return fate{Late: spell(r, time.Second, 3*time.Minute)}
	case 1:
		return fate{Refused: true}
	case 2:
		return fate{Dies: spell(r, time.Second, 3*time.Minute)}
	default:
		return fate{Sickens: spell(r, time.Second, 3*time.Minute)}
	}
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// chance reports whether something happens that happens so often in a hundred.
func chance(r *rand.Rand, percent int) bool { return r.IntN(100) < percent }

// spell draws a duration, in whole tenths of seconds.
func spell(r *rand.Rand, from, to time.Duration) time.Duration {
	return (from + time.Duration(r.Int64N(int64(to-from)))).Truncate(100 * time.Millisecond)
}
