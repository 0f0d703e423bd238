package gate_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pipecd/pkg/analysis"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/gate"
	"pipecd/pkg/pipeline/stage"
)

// refusing answers each query with the error it is given for it.
type refusing map[string]error

func (r refusing) Query(_ context.Context, q analysis.Query) (analysis.Result, error) {
	return analysis.Result{}, r[q.Expr]
}

// TestAnalysisIsCheckedBeforehand: what will not go away by itself is told before
// a deployment begins, of all metrics at once; a provider that is away is not.
func TestAnalysisIsCheckedBeforehand(t *testing.T) {
	t.Parallel()
	away := model.Errorf(model.CodeUnavailable, "nobody is there")
	keys := model.Errorf(model.CodePermissionDenied, "the keys are refused")
	query := model.Errorf(model.CodeInvalid, "the query is not understood")
	for name, tt := range map[string]struct {
		provider refusing
		code     model.Code
		says     []string
	}{
		"fine":          {refusing{}, "", nil},
		"away":          {refusing{"a": away, "b": away}, "", nil},
		"refused keys":  {refusing{"a": away, "b": keys}, model.CodePermissionDenied, []string{"metrics-1: the keys are refused"}},
		"two are wrong": {refusing{"a": query, "b": keys}, model.CodeInvalid, []string{"metrics-0: the query", "metrics-1: the keys"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) {
				a := gate.Analysis{Logger: slog.New(slog.DiscardHandler), Sources: func(string) (gate.Source, error) {
					return gate.Source{Provider: tt.provider, Delay: new(time.Duration(0))}, nil
				}}
				err := a.Check(t.Context(), stage.Check{Deployment: &model.Deployment{}, Options: analysing("a", "b"), Log: newRecord()})
				if model.CodeOf(err) != tt.code {
					t.Errorf("%v has code %q, want %q", err, model.CodeOf(err), tt.code)
				}
				for _, word := range tt.says {
					if err == nil || !strings.Contains(err.Error(), word) {
						t.Errorf("%v does not say %q", err, word)
					}
				}
			})
		})
	}
}
