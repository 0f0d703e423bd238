package wiretest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"pipecd/pkg/controlplane/livestate"
	"pipecd/pkg/model"
)

// What is put comes back.
func TestObjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	th, twin := w.things(w.mine), w.things(w.mine)
	object := func(app, plugin, key string) Value {
		return Value{"application_id": app, "plugin_name": plugin, "key": key}
	}
	put := func(app, plugin, key, content string) {
		w.call(w.mine, "PutApplicationSharedObject", with(object(app, plugin, key), "object", []byte(content)))
	}
	get := func(app, plugin, key string) string {
		b, _ := at(w.call(w.mine, "GetApplicationSharedObject", object(app, plugin, key)), "object").([]byte)
		return string(b)
	}
	put(th.app, "a/b", "c", "1")
	put(th.app, "a", "b/c", "2")
	put(twin.app, "a", "b/c", "3")
	put(th.app, "a/b", "c", "4")
	if got := get(th.app, "a/b", "c") + get(th.app, "a", "b/c") + get(twin.app, "a", "b/c"); got != "423" {
		t.Errorf("got %s", got)
	}
	w.call(w.mine, "PutLatestAnalysisResult", Value{"application_id": th.app, "analysis_result": Value{"start_time": 1234567}})
	w.want(1234567, w.call(w.mine, "GetLatestAnalysisResult", Value{"application_id": th.app}), "analysis_result", "start_time")
}

func TestLiveStateKeepsTheNewest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	th := w.things(w.mine)
	for _, v := range [][2]int{{someTime, 1}, {someTime + 1, 7}, {someTime + 1, 3}, {someTime, 9}} {
		w.call(w.mine, "ReportApplicationLiveState", snapshotOf(w.mine, th, v[0], v[1]))
	}
	content, err := livestate.New(w.files).Latest(t.Context(), th.app)
	w.must(err)
	got, err := snapshot.Decode(content)
	w.must(err)
	w.want(someTime+1, got, "version", "timestamp")
	w.want(7, got, "version", "index")
	w.want("TaskSet", got, "ecs", "resources", 0, "kind")
	w.want("dev", got, "application_live_state", "resources", 0, "deploy_target")
	w.want("Pod", got, "kubernetes", "resources", 0, "kind")
	failed := w.call(w.mine, "ReportApplicationLiveStateEvents", requests["ReportApplicationLiveStateEvents"](w.mine, th))
	w.want("e1", failed, "failed_ids", 0)
}

// Metadata of both generations is kept apart by plugin and comes back in all
// the places where agents look.
func TestDeploymentMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	th := w.things(w.mine)
	save := func(name, plugin string, metadata map[string]string) {
		v := Value{"deployment_id": th.deployment, "metadata": metadata}
		if plugin != "" {
			v["plugin_name"] = plugin
		}
		w.call(w.mine, name, v)
	}
	save("SaveDeploymentMetadata", "", map[string]string{"a": "1", "b": "1"})
	save("SaveDeploymentSharedMetadata", "", map[string]string{"b": "2"})
	save("SaveDeploymentPluginMetadata", "ecs", map[string]string{"x": "1", "y": "1"})
	save("SaveDeploymentPluginMetadata", "ecs", map[string]string{"y": "2"})
	save("SaveDeploymentPluginMetadata", "wait", map[string]string{"x": "3"})
	for _, d := range []any{
		at(w.call(w.mine, "GetDeployment", Value{"id": th.deployment}), "deployment"),
		at(w.call(w.mine, "ListNotCompletedDeployments", Value{}), "deployments", 0),
	} {
		v, _ := d.(Value)
		w.want("1", v, "metadata", "a")
		w.want("2", v, "metadata", "b")
		w.want("2", v, "metadata_v2", "shared", "keyValues", "b")
		w.want("1", v, "metadata_v2", "plugins", "ecs", "keyValues", "x")
		w.want("2", v, "metadata_v2", "plugins", "ecs", "keyValues", "y")
		w.want("3", v, "metadata_v2", "plugins", "wait", "keyValues", "x")
	}
}

// Agents of 0.34 read one page only; what does not fit into one message comes on
// the next one.
func TestOpenDeploymentsFillAMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app := w.application(w.mine, "web", nil)
	want := map[string]bool{}
	for i := range 60 {
		th := things{app: app, deployment: model.NewID()}
		w.call(w.mine, "CreateDeployment", Value{"deployment": newDeployment(w.mine, th)})
		if i >= 50 {
			w.call(w.mine, "SaveDeploymentMetadata", Value{"deployment_id": th.deployment, "metadata": map[string]string{"k": strings.Repeat("x", 250_000)}})
		}
		want[th.deployment] = true
	}
	pages, cursor := 0, ""
	for pages == 0 || cursor != "" {
		got := w.call(w.mine, "ListNotCompletedDeployments", Value{"cursor": cursor})
		list, _ := got["deployments"].([]any)
		if pages++; pages == 1 && len(list) < 40 {
			t.Errorf("the first page has only %d of them", len(list))
		}
		for _, d := range list {
			id, _ := at(d, "id").(string)
			if !want[id] {
				t.Errorf("%s is there twice", id)
			}
			delete(want, id)
		}
		cursor, _ = got["cursor"].(string)
	}
	if len(want) > 0 || pages < 3 {
		t.Errorf("%d pages, without %v", pages, want)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base, run := time.Unix(someTime, 0), model.NewID()
	id := func(i int) string { return fmt.Sprintf("%s-e%d", run, i) }
	var ids []string
	for i := range 4 {
		e := &model.Event{
			ID: id(i), ProjectID: w.mine.project, Name: "pushed", Data: strconv.Itoa(i), Labels: map[string]string{"b": "2", "a": "1"},
			Contexts: map[string]string{"by": "ci"}, CreatedAt: base.Add(time.Duration(i) * time.Second), UpdatedAt: base,
		}
		w.must(w.store.AddEvent(t.Context(), e))
		ids = append(ids, e.ID)
	}
	latest := w.call(w.other, "GetLatestEvent", Value{"name": "pushed", "labels": map[string]string{"a": "1", "b": "2"}})
	w.want(ids[3], latest, "event", "id")
	// SHA-256 of "pushed/a:1/b:2"
	w.want("63ef5bab959ca90c692f337591ab0636dd281589cd3eee4459dbfd85d4b90168", latest, "event", "event_key")
	w.want("ci", latest, "event", "contexts", "by")
	for _, labels := range []map[string]string{nil, {"a": "1"}, {"a": "1", "b": "3"}} {
		w.refused(codes.NotFound, w.mine, "GetLatestEvent", Value{"name": "pushed", "labels": labels})
	}
	w.refused(codes.NotFound, w.foreign, "GetLatestEvent", Value{"name": "pushed", "labels": map[string]string{"a": "1", "b": "2"}})

	list := func(request Value) string {
		var out []string
		events, _ := w.call(w.mine, "ListEvents", request)["events"].([]any)
		for _, e := range events {
			id, _ := at(e, "id").(string)
			out = append(out, strings.TrimPrefix(id, run+"-"))
		}
		return strings.Join(out, " ")
	}
	set := func(i, status int) {
		w.call(w.mine, "ReportEventStatuses", Value{"events": []Value{{"id": id(i), "status": status, "status_description": "so"}}})
	}
	set(0, 1)
	set(1, 2)
	set(1, 3) // another agent of the project
	w.call(w.mine, "ReportEventsHandled", Value{"event_ids": []string{id(2), id(2)}})
	for want, request := range map[string]Value{
		"e0 e1 e2 e3": {"order": 1}, "e3 e2 e1 e0": {"order": 2}, "e1 e2": {"order": 1, "from": someTime + 1, "to": someTime + 3},
		"e3": {"status": 1}, "e0 e2": {"status": 2, "order": 1}, "": {"status": 3}, "e1": {"status": 4},
	} {
		if got := list(request); got != want {
			t.Errorf("%v: got %q, want %q", request, got, want)
		}
	}
	// It stops at the first that is refused; what was before stays.
	w.refused(codes.FailedPrecondition, w.mine, "ReportEventStatuses", Value{"events": []Value{
		{"id": id(3), "status": 2, "status_description": "no"}, {"id": id(0), "status": 0, "status_description": "back"}, {"id": id(1), "status": 1, "status_description": "never"},
	}})
	if got := list(Value{"status": 3}); got != "e3" {
		t.Errorf("failed: %q", got)
	}
	if got := list(Value{"status": 4}); got != "e1" {
		t.Errorf("outdated: %q", got)
	}
}

func TestUnregisteredApplications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	found := func(path string) Value {
		return Value{"name": path, "kind": 5, "repo_id": "shop", "path": path, "piped_id": w.mine.id, "config_filename": "app.pipecd.yaml"}
	}
	registered := things{app: w.application(w.mine, "web", nil)}
	w.call(w.mine, "ReportUnregisteredApplicationConfigurations", Value{"applications": []Value{found("old")}})
	w.call(w.mine, "ReportUnregisteredApplicationConfigurations", Value{"applications": []Value{found("web"), found("db"), found("api")}})
	list, err := w.store.ListSuggestions(t.Context(), w.mine.project)
	w.must(err)
	var paths []string
	for _, s := range list {
		paths = append(paths, s.Path)
	}
	if got := strings.Join(paths, " "); got != "api db" {
		t.Errorf("suggested: %q, with %s registered", got, registered.app)
	}
}
