package elb

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"pipecd/pkg/simcloud/wire"
)

// operation answers one call; it runs with Balancers.mu held.
type operation func(b *Balancers, f *form) (any, error)

// handle adapts a function on the SDK's own input and output.
func handle[In, Out any](do func(*Balancers, *In) (*Out, error)) operation {
	return func(b *Balancers, f *form) (any, error) {
		var in In
		if err := f.decode(&in); err != nil {
			return nil, err
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		out, err := do(b, &in)
		if err != nil {
			return nil, err
		}
		return out, nil
	}
}

// changing is handle for a call that changes what forwards to which group.
func changing[In, Out any](do func(*Balancers, *In) (*Out, error)) operation {
	return handle(func(b *Balancers, in *In) (*Out, error) {
		out, err := do(b, in)
		if err == nil {
			b.reattach()
			b.tell()
		}
		return out, err
	})
}

// operations are the calls that are answered; any other is InvalidAction.
func operations() map[string]operation {
	return map[string]operation{
		"DescribeLoadBalancers":         handle((*Balancers).describeLoadBalancers),
		"DescribeTargetGroups":          handle((*Balancers).describeTargetGroups),
		"CreateTargetGroup":             changing((*Balancers).createTargetGroup),
		"DescribeTargetHealth":          handle((*Balancers).describeTargetHealth),
		"DescribeTargetGroupAttributes": handle((*Balancers).describeTargetGroupAttributes),
		"ModifyTargetGroupAttributes":   handle((*Balancers).modifyTargetGroupAttributes),
		"DescribeListeners":             handle((*Balancers).describeListeners),
		"CreateListener":                changing((*Balancers).createListener),
		"ModifyListener":                changing((*Balancers).modifyListener),
		"DescribeRules":                 handle((*Balancers).describeRules),
		"CreateRule":                    changing((*Balancers).createRule),
		"ModifyRule":                    changing((*Balancers).modifyRule),
		"DeleteRule":                    changing((*Balancers).deleteRule),
		"DescribeTags":                  handle((*Balancers).describeTags),
		"AddTags":                       handle((*Balancers).addTags),
		"RemoveTags":                    handle((*Balancers).removeTags),
	}
}

// ServeHTTP answers the ELBv2 API: a POST of a form, an answer in XML.
func (b *Balancers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := wire.NewRequestID(w)
	name, values, err := readForm(w, r)
	if err != nil {
		b.refuse(w, r, err)
		return
	}
	fault := wire.Fault{}
	if b.cfg.Fault != nil {
		fault = b.cfg.Fault(name)
	}
	if !pause(r, fault.Delay) {
		return
	}
	if fault.Error != nil {
		fault.Error.WriteQuery(w, namespace)
		return
	}
	body, err := b.call(name, id, values)
	if fault.Lost {
		panic(http.ErrAbortHandler) // cuts the connection; the call was made
	}
	if err != nil {
		b.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	if _, err := w.Write(body); err != nil {
		b.cfg.Logger.DebugContext(r.Context(), "an answer could not be sent", "operation", name, "error", err)
	}
}

func (b *Balancers) call(name, id string, values url.Values) ([]byte, error) {
	op, ok := b.operations[name]
	if !ok {
		return nil, refuse("InvalidAction", "the simulated load balancers do not answer the operation %q", name)
	}
	out, err := op(b, newForm(values))
	if err != nil {
		return nil, err
	}
	return response(name, id, out)
}

// readForm returns the operation and the parameters of the request.
func readForm(w http.ResponseWriter, r *http.Request) (string, url.Values, error) {
	if r.Method != http.MethodPost {
		return "", nil, refuse("InvalidAction", "the query protocol is spoken with POST, not %s", r.Method)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wire.MaxBody))
	if err != nil {
		return "", nil, invalid("the request could not be read: %v", err)
	}
	values, err := url.ParseQuery(strings.TrimSpace(string(body)))
	if err != nil {
		return "", nil, invalid("the request is not a form: %v", err)
	}
	const version = "2015-12-01"
	if v := values.Get("Version"); v != version {
		return "", nil, refuse("NoSuchVersion", "the API version is %s, not %q", version, v)
	}
	return values.Get("Action"), values, nil
}

// refuse answers an error; one that is not a refusal is a defect of ours.
func (b *Balancers) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var refusal *wire.Error
	if !errors.As(err, &refusal) {
		b.cfg.Logger.ErrorContext(r.Context(), "the load balancer API failed", "error", err)
		refusal = &wire.Error{Status: http.StatusInternalServerError, Code: "InternalFailure", Message: err.Error()}
	}
	refusal.WriteQuery(w, namespace)
}

// pause waits and reports whether the client is still there.
func pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
