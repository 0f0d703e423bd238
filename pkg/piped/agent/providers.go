package agent

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sort"
	"strings"
	"time"

	"pipecd/pkg/analysis/datadog"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
	"pipecd/pkg/piped/appsource"
	"pipecd/pkg/pipeline/gate"
	"pipecd/pkg/platform/ecs"
)

// providers are the platform and analysis providers of the agent's
// configuration, made once.
type providers struct {
	platforms map[string]*ecs.Opener
	others    map[string]string // platform providers of other types
	rules
	logger   *slog.Logger
	observer observe.Observer
	client   *http.Client
}

func newProviders(ctx context.Context, o Options) (*providers, error) {
	cfg := o.Config
	p := &providers{platforms: map[string]*ecs.Opener{}, others: map[string]string{}, rules: rulesOf(cfg), logger: o.Logger, observer: o.Observer, client: o.HTTPClient}
	for _, c := range cfg.PlatformProviders {
		if c.ECS == nil {
			p.others[c.Name] = string(c.Type)
			continue
		}
		access := ecs.ConfigOf(*c.ECS)
		access.Observer, access.Logger, access.HTTPClient = o.Observer, o.Logger, o.HTTPClient
		opener, err := ecs.NewOpener(ctx, access, o.Timing)
		if err != nil {
			return nil, fmt.Errorf("platform provider %s: %w", c.Name, err)
		}
		p.platforms[c.Name] = opener
	}
	return p, nil
}

// Platform implements appsource.Providers.
func (p *providers) Platform(name string) (appsource.Platform, error) {
	if opener, ok := p.platforms[name]; ok {
		return opener, nil
	}
	if kind, ok := p.others[name]; ok {
		return nil, model.Errorf(model.CodeInvalid, "platform provider %q is of type %s; an application of kind ECS needs one of type ECS", name, kind)
	}
	return nil, model.Errorf(model.CodeInvalid, "unknown platform provider %q: the piped file has %s", name, names(p.platforms))
}

// source returns the analysis provider of the name. Keys are read each time, so
// that a rotated key file is used without a restart.
func (p *providers) source(name string) (gate.Source, error) {
	if err := p.CheckAnalysis(name); err != nil {
		return gate.Source{}, err
	}
	c := p.analysis[name].Datadog
	keys, err := datadog.KeysFrom(datadog.KeySource{
		APIKeyFile: c.APIKeyFile, APIKeyData: c.APIKeyData.Reveal(),
		ApplicationKeyFile: c.ApplicationKeyFile, ApplicationKeyData: c.ApplicationKeyData.Reveal(),
	})
	if err != nil {
		return gate.Source{}, fmt.Errorf("analysis provider %s: %w", name, err)
	}
	provider, err := datadog.New(datadog.Config{Address: c.Address, Keys: keys, HTTPClient: p.client, Logger: p.logger, Observer: p.observer})
	if err != nil {
		return gate.Source{}, fmt.Errorf("analysis provider %s: %w", name, err)
	}
	out := gate.Source{Provider: provider}
	if c.Delay > 0 {
		delay := time.Duration(c.Delay)
		out.Delay = &delay
	}
	return out, nil
}

// names lists what there is, for a sentence about what there is not.
func names[T any](m map[string]T) string {
	if len(m) == 0 {
		return "none"
	}
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	sort.Strings(out)
	return strings.Join(out, ", ")
}
