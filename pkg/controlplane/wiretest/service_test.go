package wiretest

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/auth"
)

func TestTablesAndRequestsAgree(t *testing.T) {
	t.Parallel()
	if a, b := slices.Sorted(maps.Keys(service)), slices.Sorted(maps.Keys(requests)); !slices.Equal(a, b) {
		t.Errorf("tables of %v and requests of %v", a, b)
	}
	if len(service) != 37 {
		t.Errorf("the service has %d calls, not 37", len(service))
	}
}

// namesNothing are calls that are about the caller alone, and project those about
// what all agents of a project share.
var (
	namesNothing = []string{
		"ReportStat", "ReportPipedMeta", "ListApplications", "ListNotCompletedDeployments", "ListUnhandledCommands", "GetLatestEvent", "ListEvents",
		"GetDesiredVersion", "ReportUnregisteredApplicationConfigurations",
	}
	ofProject = []string{"ReportEventStatuses", "ReportEventsHandled"}
)

// Every call succeeds for the owner under both names of the service, also with
// fields the server does not know; what it names that does not exist is
// NOT_FOUND in the words agents know, and so is what is of another project; what
// is another agent's is PERMISSION_DENIED, and without a credential it is
// UNAUTHENTICATED.
func TestEveryCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, request := range requests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := *w
			w.t = t
			th := w.things(w.mine)
			if !slices.Contains(namesNothing, name) {
				message := w.refused(codes.NotFound, w.mine, name, request(w.mine, strangers()))
				if !strings.HasPrefix(message, "Entity was not found to ") {
					t.Errorf("the sentence is %q", message)
				}
				w.refused(codes.NotFound, w.foreign, name, request(w.foreign, th))
				if !slices.Contains(ofProject, name) {
					w.refused(codes.PermissionDenied, w.other, name, request(w.other, th))
				}
			}
			raw, err := service[name].request.Encode(request(w.mine, th))
			w.must(err)
			for _, authorization := range []string{"", "PIPED-TOKEN", strings.Replace(w.mine.authorization, "PIPED-TOKEN", "API-KEY", 1), w.mine.authorization + "x"} {
				if _, status := w.raw(prefix+name, authorization, raw); status.Code != codes.Unauthenticated {
					t.Errorf("with the credential %.20q it ended with %s", authorization, status.Code)
				}
			}
			newer := protowire.AppendBytes(protowire.AppendTag(slices.Clone(raw), 4000, protowire.BytesType), []byte("?"))
			body, status := w.raw(legacyPrefix+name, w.mine.authorization, newer)
			if _, err := service[name].response.Decode(body); status.Code != codes.OK || err != nil {
				t.Fatalf("it ended with %s: %s, %v", status.Code, status.Message, err)
			}
		})
	}
}

func TestUnauthenticatedSentence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, a := range []agent{
		{authorization: w.mine.authorization + "x"},
		{authorization: strings.Replace(w.mine.authorization, w.mine.project+",", "nowhere,", 1)},
		{authorization: strings.Replace(w.mine.authorization, w.mine.project+",", w.foreign.project+",", 1)},
		{authorization: strings.Replace(w.mine.authorization, w.mine.id, model.NewID(), 1)},
	} {
		if got := w.refused(codes.Unauthenticated, a, "ReportStat", Value{}); got != "Unauthenticated" {
			t.Errorf("the sentence is %q", got)
		}
	}
}

// reads are the calls that change nothing but the sign of life.
var reads = []string{
	"ReportStat", "ListApplications", "GetApplicationMostRecentDeployment", "GetDeployment", "ListNotCompletedDeployments", "ListUnhandledCommands",
	"ReportApplicationLiveStateEvents", "GetLatestEvent", "ListEvents", "GetLatestAnalysisResult", "GetDesiredVersion", "InChainDeploymentPlannable",
	"GetApplicationSharedObject",
}

// A process that was superseded may read, and every write of it is refused. The
// metadata that says so is ours; agents without it are not asked.
func TestEveryWriteIsFenced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	th := w.things(w.mine)
	for _, instance := range []string{"first", "second"} {
		lease, granted, err := w.store.AcquireLease(t.Context(), w.mine.id, datastore.LeaseRequest{InstanceID: instance, TTL: time.Hour})
		if err != nil || !granted {
			t.Fatalf("%t, %v", granted, err)
		}
		if instance == "first" {
			w.must(w.store.ReleaseLease(t.Context(), model.Fence{PipedID: w.mine.id, Epoch: lease.Epoch}))
		}
	}
	for name, request := range requests {
		raw, err := service[name].request.Encode(request(w.mine, th))
		w.must(err)
		metadata := map[string]string{auth.HeaderAuthorization: w.mine.authorization, auth.HeaderLeaseEpoch: auth.FormatEpoch(1)}
		_, status, err := w.client.Call(t.Context(), prefix+name, metadata, raw)
		w.must(err)
		want := codes.Aborted
		if slices.Contains(reads, name) {
			want = codes.OK
		}
		if status.Code != want {
			t.Errorf("%s ended with %s (%s), want %s", name, status.Code, status.Message, want)
		}
	}
}

// Every rule of every request holds: a request that breaks one of them, at any
// depth, is INVALID_ARGUMENT in the words agents know.
func TestEveryRule(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	th := w.things(w.mine)
	rules := 0
	for name, request := range requests {
		for _, b := range breaches(service[name].request, request(w.mine, th), name) {
			rules++
			raw, err := service[name].request.Encode(b.request)
			w.must(err)
			_, status := w.raw(prefix+name, w.mine.authorization, raw)
			if status.Code != codes.InvalidArgument || !strings.HasPrefix(status.Message, "invalid request: ") {
				t.Errorf("%s: %s (%q)", b.what, status.Code, status.Message)
			}
		}
	}
	if rules < 150 {
		t.Errorf("only %d rules were broken", rules)
	}
}

// breach is a request with one field that breaks a rule.
type breach struct {
	what    string
	request Value
}

func breaches(m *Message, v Value, at string) []breach {
	var out []breach
	for _, f := range m.Fields {
		where := at + "." + f.Name
		for _, rule := range f.Rules {
			out = append(out, breach{where + " breaks " + string(rule), breaking(v, f, rule)})
		}
		switch f.Type.kind {
		case kindMessage:
			if sub, ok := v[f.Name].(Value); ok {
				for _, b := range breaches(f.Type.message, sub, where) {
					out = append(out, breach{b.what, replaced(v, f.Name, b.request)})
				}
			}
		case kindList:
			if list, ok := v[f.Name].([]Value); ok && len(list) > 0 {
				for _, b := range breaches(f.Type.item.message, list[0], where) {
					out = append(out, breach{b.what, replaced(v, f.Name, append([]Value{b.request}, list[1:]...))})
				}
			}
		case kindText, kindBytes, kindNumber, kindMap:
		}
	}
	return out
}

func replaced(v Value, name string, x any) Value {
	out := maps.Clone(v)
	out[name] = x
	return out
}

func breaking(v Value, f Field, rule Rule) Value {
	out := maps.Clone(v)
	switch rule {
	case NotEmpty, Required:
		delete(out, f.Name)
	case Positive:
		out[f.Name] = 0
	case Natural:
		out[f.Name] = -1
	case Defined:
		out[f.Name] = 99
	case InDir:
		out[f.Name] = "/absolute"
	case OneOf:
		out[f.Name] = any("?")
		if f.Type.kind == kindNumber {
			out[f.Name] = 99
		}
	}
	return out
}
