package simtest

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	for _, variable := range os.Environ() { // of whoever runs this
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			_ = os.Unsetenv(name)
		}
	}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAPIPED", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	m.Run()
}

func TestOne(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	for _, s := range []shape{quickSync, canary, steps, analysis, approval, blueGreen, unbalanced, unbalancedCanary} {
		for _, b := range []before{nothing, foreign, ours, leftCanary, leftShare} {
			t.Run(string(s)+"/"+string(b), func(t *testing.T) {
				began := time.Now()
				r := simulate(t, scenario{Shape: s, Before: b, TaskStart: 20 * time.Second}, log)
				for _, v := range r.violations {
					t.Error(v)
				}
				if r.deployment == nil {
					t.Error("no deployment")
				} else {
					fmt.Println(s, b, r.deployment.Status, r.deployment.StatusReason, r.took, len(r.calls), time.Since(began))
					for _, st := range r.deployment.Stages {
						fmt.Println("   ", st.Name, st.Status, st.StatusReason)
					}
				}
			})
		}
	}
}
