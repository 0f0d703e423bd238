package simtest

import (
	"bufio"
	"flag"
	"os"
	"regexp"
	"strconv"
	"testing"
)

var replay = flag.String("replay", "", "a file with what a failing seed printed: what happened to calls there happens again, and nothing else does; take lines out to see which matter")

var (
	seedLine = regexp.MustCompile(`^seed (\d+):`)
	callLine = regexp.MustCompile(`^\s+\S+\s+` + agentName + `\s+(\w+) #([1-9]\d*): (.+)$`)
)

// TestReplay runs a scenario with a recorded schedule.
func TestReplay(t *testing.T) { //nolint:paralleltest // its scenarios are on every processor
	if *replay == "" {
		return // nothing was asked for
	}
	file, err := os.Open(*replay)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	sum.add(t, simulate(t, recorded(t, file), logger()))
}

// recorded reads the first scenario of a report.
func recorded(t *testing.T, file *os.File) scenario {
	t.Helper()
	var sc scenario
	found := false
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if m := seedLine.FindStringSubmatch(lines.Text()); m != nil {
			if found {
				break
			}
			found = true
			seed, err := strconv.ParseUint(m[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			sc = draw(seed)
			sc.Weather, sc.Kills = 0, nil
		}
		if m := callLine.FindStringSubmatch(lines.Text()); m != nil && found {
			nth, err := strconv.Atoi(m[2])
			if err != nil {
				t.Fatal(err)
			}
			sc.Kills = append(sc.Kills, point{Call: m[1], Nth: nth, Mishap: mishap(m[3])})
		}
	}
	if !found {
		t.Fatalf("%s holds no report of a seed", *replay)
	}
	return sc
}
