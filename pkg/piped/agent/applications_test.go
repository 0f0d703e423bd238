package agent

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"pipecd/pkg/model"
)

// listed answers with the same applications until they are changed.
type listed struct{ apps []model.Application }

func (l *listed) ListApplications(context.Context) ([]*model.Application, error) {
	var out []*model.Application
	for _, a := range l.apps {
		out = append(out, a.Clone())
	}
	return out, nil
}

// TestReadingTheListIsNoReasonToLook: only what changes what is looked at is.
func TestReadingTheListIsNoReasonToLook(t *testing.T) {
	t.Parallel()
	l := &listed{apps: []model.Application{{ID: "a", Name: "a", PlatformProvider: "ecs"}}}
	looks := 0
	apps := newApplications(l, slog.New(slog.DiscardHandler), func() { looks++ })
	for _, step := range []struct {
		what   string
		change func()
		look   bool
	}{
		{"the first list", func() {}, true},
		{"the same again", func() {}, false},
		{"a deployment", func() {
			l.apps[0].LastTriggered, l.apps[0].Deploying, l.apps[0].UpdatedAt = &model.DeploymentRef{DeploymentID: "d"}, true, time.Now()
		}, false},
		{"another name", func() { l.apps[0].Name = "b" }, false},
		{"another provider", func() { l.apps[0].PlatformProvider = "ecs2" }, true},
		{"another directory", func() { l.apps[0].GitPath.Path = "elsewhere" }, true},
		{"switched off", func() { l.apps[0].Disabled = true }, true},
		{"one more", func() { l.apps = append(l.apps, model.Application{ID: "b"}) }, true},
		{"one less", func() { l.apps = l.apps[:1] }, true},
	} {
		step.change()
		before := looks
		if err := apps.load(t.Context()); err != nil {
			t.Fatal(err)
		}
		if looked := looks > before; looked != step.look {
			t.Errorf("%s: looked: %t, want %t", step.what, looked, step.look)
		}
	}
}
