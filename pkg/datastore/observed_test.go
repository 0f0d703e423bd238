package datastore_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"pipecd/pkg/datastore"
	"pipecd/pkg/observe"
)

// ledger remembers the operations it is told about.
type ledger struct{ begun, ended []string }

func (l *ledger) Begin(ctx context.Context, op observe.Operation) (context.Context, observe.End) {
	name := op.Group + "." + op.Name
	l.begun = append(l.begun, name)
	return ctx, func(string, error) { l.ended = append(l.ended, name) }
}

func (*ledger) Count(context.Context, observe.Counter, int, ...string) {}

func (*ledger) Set(context.Context, observe.Level, float64) {}

// TestEveryCallIsObserved finds methods of the port that were added without a
// line in observed.go. The store behind is missing, so every call panics after it
// was told.
func TestEveryCallIsObserved(t *testing.T) {
	t.Parallel()
	port := reflect.TypeFor[datastore.Store]()
	for m := range port.Methods() {
		if m.Name == "Close" || m.Name == "Ping" {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			l := &ledger{}
			call(datastore.Observed(nil, l), m)
			if len(l.begun) != 1 || len(l.ended) != 1 || !strings.HasSuffix(l.begun[0], "."+m.Name) || strings.HasPrefix(l.begun[0], ".") {
				t.Errorf("the observer was told %v; observed.go has a line for every method", l.begun)
			}
		})
	}
}

// call calls the method with zero values.
func call(s datastore.Store, m reflect.Method) {
	defer func() { _ = recover() }() // there is no store
	in := []reflect.Value{}
	for parameter := range m.Type.Ins() {
		if parameter == reflect.TypeFor[context.Context]() {
			in = append(in, reflect.ValueOf(context.Background()))
			continue
		}
		in = append(in, reflect.Zero(parameter))
	}
	reflect.ValueOf(s).MethodByName(m.Name).Call(in)
}
