package wiretest

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"pipecd/pkg/model"
)

func TestDeploymentErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	th := w.things(w.mine)
	about := func(more Value) Value { return with(more, "deployment_id", th.deployment) }

	again := newDeployment(w.mine, th)
	w.refused(codes.AlreadyExists, w.mine, "CreateDeployment", Value{"deployment": again})
	again = replaced(newDeployment(w.mine, strangers()), "application_id", th.app)
	w.refused(codes.PermissionDenied, w.mine, "CreateDeployment", Value{"deployment": replaced(again, "project_id", w.foreign.project)})
	w.refused(codes.PermissionDenied, w.mine, "CreateDeployment", Value{"deployment": replaced(again, "piped_id", w.other.id)})

	w.refused(codes.InvalidArgument, w.mine, "ReportDeploymentCompleted", about(Value{"status": 3, "completed_at": someTime}))
	for _, name := range []string{"SaveStageMetadata", "ReportStageLogs"} {
		w.refused(codes.InvalidArgument, w.mine, name, about(Value{"stage_id": "nothing"}))
	}
	w.refused(codes.InvalidArgument, w.mine, "ReportStageStatusChanged", about(Value{"stage_id": "nothing", "status": 1, "completed_at": someTime}))

	// The same again is fine; a step backwards is not.
	report := func(status int) Value { return about(Value{"status": status}) }
	w.call(w.mine, "ReportDeploymentPlanned", plan(th, "s1", "s2"))
	for range 2 {
		w.call(w.mine, "ReportDeploymentStatusChanged", report(2))
	}
	w.refused(codes.FailedPrecondition, w.mine, "ReportDeploymentPlanned", plan(th, "s1"))
	for range 2 {
		w.call(w.mine, "ReportDeploymentStatusChanged", report(3))
	}
	w.refused(codes.FailedPrecondition, w.mine, "ReportDeploymentStatusChanged", report(2))
	for range 2 {
		w.call(w.mine, "ReportDeploymentCompleted", about(Value{"status": 5, "completed_at": someTime}))
	}
	w.refused(codes.FailedPrecondition, w.mine, "ReportDeploymentCompleted", about(Value{"status": 4, "completed_at": someTime}))
	w.refused(codes.FailedPrecondition, w.mine, "ReportDeploymentStatusChanged", report(3))
}

func TestStageStatusRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	th := w.things(w.mine)
	report := func(status int) Value {
		return Value{"deployment_id": th.deployment, "stage_id": "s1", "status": status, "completed_at": someTime}
	}
	for _, status := range []int{1, 1, 6, 6} {
		w.call(w.mine, "ReportStageStatusChanged", report(status))
	}
	for _, status := range []int{0, 1, 2} {
		w.refused(codes.FailedPrecondition, w.mine, "ReportStageStatusChanged", report(status))
	}
}

func TestStageLogsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	th := w.things(w.mine)
	log := func(name string, attempt, from, to int, completed bool) (codes.Code, string) {
		v := Value{"deployment_id": th.deployment, "stage_id": "s1", "retried_count": attempt, "blocks": logLines(from, to)}
		if name == "ReportStageLogsFromLastCheckpoint" {
			v["completed"] = completed
		}
		_, status := w.try(w.mine, name, v)
		return status.Code, status.Message
	}
	const flush, checkpoint = "ReportStageLogs", "ReportStageLogsFromLastCheckpoint"
	for i, c := range []struct {
		name              string
		attempt, from, to int
		completed         bool
		want              codes.Code
	}{
		{flush, 0, 1, 3, false, codes.OK},
		{flush, 0, 1, 3, false, codes.OK},
		{checkpoint, 0, 1, 5, false, codes.OK},
		{checkpoint, 0, 6, 7, true, codes.OK},
		{checkpoint, 0, 6, 7, true, codes.OK}, // its answer may have been lost
		{checkpoint, 0, 6, 8, true, codes.FailedPrecondition},
		{checkpoint, 0, 6, 7, false, codes.FailedPrecondition},
		{flush, 0, 8, 8, false, codes.FailedPrecondition},
		{flush, 0, 1, 1, false, codes.FailedPrecondition},
		{flush, 1, 1, 1, false, codes.OK}, // another attempt has a log of its own
		{flush, -1, 1, 1, false, codes.InvalidArgument},
	} {
		if got, message := log(c.name, c.attempt, c.from, c.to, c.completed); got != c.want {
			t.Errorf("%d: %s (%s), want %s", i, got, message, c.want)
		}
	}
}

func TestApplicationErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bare := things{app: w.application(w.mine, "bare", nil), deployment: "d"}
	gone := things{app: w.application(w.mine, "gone", func(a *model.Application) { a.Deleted = true })}
	for name, request := range map[string]Value{
		"GetApplicationMostRecentDeployment": {"application_id": bare.app, "status": 4},
		"GetLatestAnalysisResult":            {"application_id": bare.app},
		"GetApplicationSharedObject":         {"application_id": bare.app, "plugin_name": "ecs", "key": "k"},
		"GetLatestEvent":                     {"name": "never"},
	} {
		if message := w.refused(codes.NotFound, w.mine, name, request); !strings.HasPrefix(message, "Entity was not found to ") {
			t.Errorf("%s: the sentence is %q", name, message)
		}
	}
	w.call(w.mine, "ReportApplicationMostRecentDeployment", mostRecent(bare, 2)) // has no effect
	w.refused(codes.NotFound, w.mine, "GetApplicationMostRecentDeployment", Value{"application_id": bare.app, "status": 2})
	w.refused(codes.InvalidArgument, w.mine, "UpdateApplicationConfigurations", Value{"applications": []Value{info(w.mine, gone)}})

	// All are checked before any is changed.
	theirs := things{app: w.application(w.other, "theirs", nil)}
	changed := replaced(info(w.mine, bare), "name", "renamed")
	for code, second := range map[codes.Code]things{codes.PermissionDenied: theirs, codes.NotFound: strangers(), codes.InvalidArgument: gone} {
		w.refused(code, w.mine, "UpdateApplicationConfigurations", Value{"applications": []Value{changed, info(w.mine, second)}})
	}
	list := w.call(w.mine, "ListApplications", Value{})
	w.want("bare", list, "applications", 0, "name")
	w.call(w.mine, "UpdateApplicationConfigurations", Value{"applications": []Value{changed, changed}})
	list = w.call(w.mine, "ListApplications", Value{})
	w.want("renamed", list, "applications", 0, "name")
	w.want("prod", list, "applications", 0, "labels", "env")

	foreign := snapshotOf(w.other, bare, someTime, 1)
	w.refused(codes.PermissionDenied, w.mine, "ReportApplicationLiveState", foreign)
}

func TestLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	th := w.things(w.mine)
	large := strings.Repeat("x", 3<<20)
	for name, request := range map[string]Value{
		"ReportPipedMeta":                             {"config": large},
		"PutApplicationSharedObject":                  {"application_id": th.app, "plugin_name": "p", "key": "k", "object": []byte(large)},
		"ReportApplicationSyncState":                  {"application_id": th.app, "state": Value{"status": 1, "timestamp": someTime, "reason": large}},
		"ReportDeploymentPlanned":                     {"deployment_id": th.deployment, "summary": large},
		"ReportDeploymentStatusChanged":               {"deployment_id": th.deployment, "status": 2, "status_reason": large},
		"ReportEventStatuses":                         {"events": []Value{{"id": th.event, "status": 1, "status_description": large}}},
		"UpdateApplicationConfigurations":             {"applications": []Value{replaced(info(w.mine, th), "description", large)}},
		"ReportUnregisteredApplicationConfigurations": {"applications": []Value{replaced(info(w.mine, th), "description", large)}},
	} {
		w.refused(codes.InvalidArgument, w.mine, name, request)
	}
	w.refused(codes.ResourceExhausted, w.mine, "SaveDeploymentPluginMetadata",
		Value{"deployment_id": th.deployment, "plugin_name": "p", "metadata": map[string]string{"k": large}})
	var many []Value
	for range 1001 {
		many = append(many, info(w.mine, th))
	}
	w.refused(codes.InvalidArgument, w.mine, "UpdateApplicationConfigurations", Value{"applications": many})
	object := Value{"application_id": th.app, "plugin_name": "many", "object": []byte("x")}
	for i := range 100 {
		w.call(w.mine, "PutApplicationSharedObject", replaced(object, "key", strings.Repeat("k", i+1)))
	}
	w.refused(codes.InvalidArgument, w.mine, "PutApplicationSharedObject", replaced(object, "key", "one more"))
	w.call(w.mine, "PutApplicationSharedObject", replaced(object, "key", "k"))
}
