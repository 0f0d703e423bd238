package datastoretest

import (
	"context"
	"reflect"
	"strconv"
	"testing"

	"pipecd/pkg/model"
)

// noun lets one test speak of every kind of value. count is kept in some text
// field of the value.
type noun struct {
	name   string
	add    func(ctx context.Context) (id string, err error)
	get    func(ctx context.Context, id string) (any, error)
	update func(ctx context.Context, id string, change func(v value) error) (any, error)
}

// value is a view on the fields of a value that the tests change.
type value struct {
	id    *string
	count *string
}

func (v value) increment() error {
	n, err := strconv.Atoi("0" + *v.count)
	*v.count = strconv.Itoa(n + 1)
	return err
}

// nouns returns all that have a compare-and-set.
func (w *world) nouns() []noun {
	return []noun{w.projectNoun(), w.pipedNoun(), w.applicationNoun(), w.deploymentNoun(), w.commandNoun(), w.eventNoun(), w.chainNoun()}
}

func (w *world) projectNoun() noun {
	return noun{
		name: "project",
		add: func(ctx context.Context) (string, error) {
			p := &model.Project{ID: model.NewID(), CreatedAt: w.now, UpdatedAt: w.now}
			return p.ID, w.AddProject(ctx, p)
		},
		get: func(ctx context.Context, id string) (any, error) { return orNil(w.GetProject(ctx, id)) },
		update: func(ctx context.Context, id string, change func(value) error) (any, error) {
			return orNil(w.UpdateProject(ctx, id, func(p *model.Project) error { return change(value{&p.ID, &p.Description}) }))
		},
	}
}

func (w *world) pipedNoun() noun {
	return noun{
		name: "piped",
		add: func(ctx context.Context) (string, error) {
			p := w.newPiped(model.NewID())
			return p.ID, w.AddPiped(ctx, p)
		},
		get: func(ctx context.Context, id string) (any, error) { return orNil(w.GetPiped(ctx, id)) },
		update: func(ctx context.Context, id string, change func(value) error) (any, error) {
			return orNil(w.UpdatePiped(ctx, id, func(p *model.Piped) error { return change(value{&p.ID, &p.Description}) }))
		},
	}
}

func (w *world) applicationNoun() noun {
	return noun{
		name: "application",
		add: func(ctx context.Context) (string, error) {
			a := w.newApplication(nil)
			return a.ID, w.AddApplication(ctx, a)
		},
		get: func(ctx context.Context, id string) (any, error) { return orNil(w.GetApplication(ctx, id)) },
		update: func(ctx context.Context, id string, change func(value) error) (any, error) {
			return orNil(w.UpdateApplication(ctx, model.Fence{}, id, func(a *model.Application) error {
				return change(value{&a.ID, &a.Description})
			}))
		},
	}
}

func (w *world) deploymentNoun() noun {
	return noun{
		name: "deployment",
		add: func(ctx context.Context) (string, error) {
			d := w.newDeployment(nil)
			return d.ID, w.CreateDeployment(ctx, model.Fence{}, d)
		},
		get: func(ctx context.Context, id string) (any, error) { return orNil(w.GetDeployment(ctx, id)) },
		update: func(ctx context.Context, id string, change func(value) error) (any, error) {
			return orNil(w.UpdateDeployment(ctx, model.Fence{}, id, func(d *model.Deployment) error {
				return change(value{&d.ID, &d.Summary})
			}))
		},
	}
}

func (w *world) commandNoun() noun {
	return noun{
		name: "command",
		add: func(ctx context.Context) (string, error) {
			c := w.newCommand(nil)
			return c.ID, w.AddCommand(ctx, c)
		},
		get: func(ctx context.Context, id string) (any, error) { return orNil(w.GetCommand(ctx, id)) },
		update: func(ctx context.Context, id string, change func(value) error) (any, error) {
			return orNil(w.UpdateCommand(ctx, model.Fence{}, id, func(c *model.Command) error {
				return change(value{&c.ID, &c.Commander})
			}))
		},
	}
}

// orNil returns the value without its type, and nil instead of a nil pointer.
func orNil[M any](m *M, err error) (any, error) {
	if m == nil {
		return nil, err
	}
	return m, err
}

// checkAllSet fails for a sample with a field that a round trip would not test.
func checkAllSet(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	switch v.Kind() {
	case reflect.Pointer:
		checkAllSet(t, v.Elem(), path)
	case reflect.Struct:
		if v.Type().PkgPath() == "time" {
			break
		}
		for i := range v.NumField() {
			checkAllSet(t, v.Field(i), path+"."+v.Type().Field(i).Name)
		}
		return
	case reflect.Slice:
		if v.Len() > 0 {
			checkAllSet(t, v.Index(0), path+"[0]")
		}
	default:
	}
	if v.IsZero() {
		t.Errorf("%s of the sample is not set", path)
	}
}
