package gate

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"pipecd/pkg/analysis"
	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
)

// preflightTimeout bounds the questions before a deployment: a slow provider is
// no reason not to begin.
const preflightTimeout = 10 * time.Second

var _ stage.Checker = Analysis{}

// Check asks every metric once, so that refused keys and a query that the
// provider does not understand are told before the new version gets traffic. A
// provider that does not answer now may do so later, and is only told of.
func (a Analysis) Check(ctx context.Context, c stage.Check) error {
	opts, ok := c.Options.(*config.AnalysisOptions)
	if !ok {
		return nil // Run says what is wrong
	}
	metrics, err := a.metrics(opts, c.Deployment)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, preflightTimeout)
	defer cancel()
	problems := make([]error, len(metrics))
	var all sync.WaitGroup
	for i, m := range metrics {
		all.Go(func() {
			err := try(ctx, m)
			switch {
			case err == nil:
			case refused(err):
				problems[i] = fmt.Errorf("%s: %w", m.ID, err)
			default:
				c.Log.Infof("%s: the metrics provider gives no answer now; the analysis will ask again (%s)", m.ID, err)
			}
		})
	}
	all.Wait()
	return told(problems)
}

// told is one error with the sentences of those that are there, and the code of the first.
func told(problems []error) error {
	var sentences []string
	var code model.Code
	for _, problem := range problems {
		if problem != nil {
			code = cmp.Or(code, model.CodeOf(problem))
			sentences = append(sentences, problem.Error())
		}
	}
	if len(sentences) == 0 {
		return nil
	}
	return model.Errorf(code, "%s", strings.Join(sentences, "; "))
}

// try asks for the newest interval. Whether it has points does not matter.
func try(ctx context.Context, m analysis.Metric) error {
	now := time.Now()
	window := analysis.Window{From: now.Add(-m.Config.WithDefaults().Interval), To: now}
	_, err := m.Provider.Query(ctx, analysis.Query{Expr: m.Query, Window: window})
	return err
}

// refused reports whether asking again will not help.
func refused(err error) bool {
	switch model.CodeOf(err) {
	case model.CodeUnauthenticated, model.CodePermissionDenied, model.CodeInvalid:
		return true
	default:
		return false
	}
}
