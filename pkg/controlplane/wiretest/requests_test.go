package wiretest

import (
	"maps"
	"time"

	"pipecd/pkg/model"
)

// things are the ids that requests name.
type things struct{ app, deployment, command, event, chain string }

// strangers are things that do not exist.
func strangers() things {
	return things{model.NewID(), model.NewID(), model.NewID(), model.NewID(), model.NewID()}
}

// things makes one of each for the agent; the deployment is planned, with the
// stage s1, and is the first of the chain.
func (w *world) things(a agent) things {
	w.t.Helper()
	now := time.Now()
	name := "app-" + model.NewID()
	th := strangers()
	th.app = w.application(a, name, nil)
	w.call(a, "CreateDeploymentChain", Value{"first_deployment": newDeployment(a, th)})
	created := w.call(a, "GetDeployment", Value{"id": th.deployment})
	th.chain, _ = at(created, "deployment", "deployment_chain_id").(string)
	w.call(a, "ReportDeploymentPlanned", plan(th, "s1"))
	w.must(w.store.AddCommand(w.t.Context(), &model.Command{
		ID: th.command, PipedID: a.id, ProjectID: a.project, ApplicationID: th.app, Commander: "someone", SyncStrategy: model.StrategyPipeline,
		CreatedAt: now, UpdatedAt: now,
	}))
	w.must(w.store.AddEvent(w.t.Context(), &model.Event{
		ID: th.event, ProjectID: a.project, Name: "pushed", Data: "v2", Labels: map[string]string{"app": "web"}, CreatedAt: now, UpdatedAt: now,
	}))
	w.must(w.files.Put(w.t.Context(), "latest-analysis-result/"+th.app+".json", []byte(`{"start_time":1}`)))
	w.call(a, "PutApplicationSharedObject", Value{"application_id": th.app, "plugin_name": "ecs", "key": "k", "object": []byte("first")})
	w.call(a, "ReportApplicationMostRecentDeployment", mostRecent(th, 4))
	return th
}

func newTrigger() Value {
	return Value{
		"commit":    Value{"hash": "3f786850e387550fdab836ed7e6dc881de23001b", "message": "a change", "author": "a", "branch": "main", "created_at": someTime},
		"timestamp": someTime,
	}
}

func newDeployment(a agent, th things) Value {
	return Value{
		"id": th.deployment, "application_id": th.app, "application_name": "web", "piped_id": a.id, "project_id": a.project, "kind": 5,
		"git_path": Value{"repo": Value{"id": "shop"}, "path": "web", "config_filename": "app.pipecd.yaml"},
		"trigger":  newTrigger(), "created_at": someTime, "updated_at": someTime,
	}
}

func newStage(id string) Value {
	return Value{"id": id, "name": "WAIT", "visible": true, "created_at": someTime, "updated_at": someTime}
}

func plan(th things, stages ...string) Value {
	list := make([]Value, len(stages))
	for i, id := range stages {
		list[i] = newStage(id)
	}
	return Value{"deployment_id": th.deployment, "summary": "a plan", "stages": list, "versions": []Value{{"kind": 1, "version": "v2", "name": "web"}}}
}

func mostRecent(th things, status int) Value {
	return Value{"application_id": th.app, "status": status, "deployment": Value{"deployment_id": th.deployment, "trigger": newTrigger(), "started_at": someTime}}
}

func logLines(from, to int) []Value {
	var out []Value
	for i := from; i <= to; i++ {
		out = append(out, Value{"index": someTime + i, "log": "a line", "created_at": someTime})
	}
	return out
}

// snapshotOf has something of every part.
func snapshotOf(a agent, th things, seconds, index int) Value {
	res := func(more Value) Value {
		v := Value{"id": "r", "name": "set", "created_at": someTime, "updated_at": someTime}
		maps.Copy(v, more)
		return v
	}
	kubernetes := res(Value{"api_version": "v1", "kind": "Pod"})
	return Value{"snapshot": Value{
		"application_id": th.app, "piped_id": a.id, "project_id": a.project, "kind": 5, "health_status": 1,
		"version":    Value{"timestamp": seconds, "index": index},
		"kubernetes": Value{"resources": []Value{kubernetes}}, "cloudrun": Value{"resources": []Value{kubernetes}},
		"lambda":                 Value{"resources": []Value{{"id": "f", "name": "f", "kind": "Function"}}},
		"ecs":                    Value{"resources": []Value{res(Value{"kind": "TaskSet"})}},
		"application_live_state": Value{"resources": []Value{res(Value{"deploy_target": "dev", "plugin_name": "ecs"})}, "health_status": 1},
	}}
}

func info(a agent, th things) Value {
	return Value{"id": th.app, "name": "web", "kind": 5, "repo_id": "shop", "path": "web", "piped_id": a.id, "labels": map[string]string{"env": "prod"}}
}

// request makes a request of an agent about things.
type request func(a agent, th things) Value

// ofApp, ofDeployment make requests that name one thing first.
func ofApp(more Value) request {
	return func(_ agent, th things) Value { return with(more, "application_id", th.app) }
}

func ofDeploymentID(more Value) request {
	return func(_ agent, th things) Value { return with(more, "deployment_id", th.deployment) }
}

func with(v Value, name string, x any) Value {
	out := Value{name: x}
	maps.Copy(out, v)
	return out
}

// requests has a good request for every call.
var requests = map[string]request{
	"ReportStat": func(agent, things) Value { return Value{"piped_stats": []byte("# metrics")} },
	"ReportPipedMeta": func(agent, things) Value {
		return Value{
			"version": "v0.57.0", "config": "kind: Piped\n", "repositories": []Value{{"id": "shop", "remote": "r", "branch": "main"}},
			"secret_encryption": Value{"type": "KEY_PAIR", "public_key": "pem"}, "cloud_providers": []Value{{"name": "ecs-dev", "type": "ECS"}},
			"platform_providers": []Value{{"name": "ecs-dev", "type": "ECS"}}, "plugins": []Value{{"name": "ecs", "deploy_targets": []string{"dev"}}},
		}
	},
	"ListApplications":                      func(agent, things) Value { return Value{} },
	"ReportApplicationSyncState":            ofApp(Value{"state": Value{"status": 1, "short_reason": "s", "timestamp": someTime}}),
	"ReportApplicationDeployingStatus":      ofApp(Value{"deploying": true}),
	"ReportApplicationMostRecentDeployment": func(_ agent, th things) Value { return mostRecent(th, 0) },
	"GetApplicationMostRecentDeployment":    ofApp(Value{"status": 4}),
	"GetDeployment":                         func(_ agent, th things) Value { return Value{"id": th.deployment} },
	"ListNotCompletedDeployments":           func(agent, things) Value { return Value{} },
	"CreateDeployment": func(a agent, th things) Value {
		th.deployment = model.NewID()
		return Value{"deployment": with(newDeployment(a, th), "stages", []Value{newStage("s1")})}
	},
	"ReportDeploymentPlanned":       func(_ agent, th things) Value { return plan(th, "s1") },
	"ReportDeploymentStatusChanged": ofDeploymentID(Value{"status": 2, "status_reason": "it runs"}),
	"ReportDeploymentCompleted": ofDeploymentID(Value{
		"status": 4, "completed_at": someTime, "stage_statuses": map[string]any{"s1": 2},
	}),
	"SaveDeploymentMetadata":            ofDeploymentID(Value{"metadata": map[string]string{"k": "v"}}),
	"SaveDeploymentSharedMetadata":      ofDeploymentID(Value{"metadata": map[string]string{"k": "v"}}),
	"SaveDeploymentPluginMetadata":      ofDeploymentID(Value{"plugin_name": "ecs", "metadata": map[string]string{"k": "v"}}),
	"SaveStageMetadata":                 ofDeploymentID(Value{"stage_id": "s1", "metadata": map[string]string{"k": "v"}}),
	"ReportStageLogs":                   ofDeploymentID(Value{"stage_id": "s1", "blocks": logLines(1, 2)}),
	"ReportStageLogsFromLastCheckpoint": ofDeploymentID(Value{"stage_id": "s1", "blocks": logLines(1, 3), "completed": true}),
	"ReportStageStatusChanged": ofDeploymentID(Value{
		"stage_id": "s1", "status": 1, "visible": true, "requires": []string{"s0"}, "retried_count": 1, "completed_at": someTime,
	}),
	"ListUnhandledCommands": func(agent, things) Value { return Value{} },
	"ReportCommandHandled": func(_ agent, th things) Value {
		return Value{"command_id": th.command, "status": 1, "handled_at": someTime, "output": []byte("{}"), "metadata": map[string]string{"k": "v"}}
	},
	"ReportApplicationLiveState": func(a agent, th things) Value { return snapshotOf(a, th, someTime, 0) },
	"ReportApplicationLiveStateEvents": func(_ agent, th things) Value {
		return Value{"kubernetes_events": []Value{{
			"id": "e1", "application_id": th.app, "created_at": someTime, "snapshot_version": Value{"timestamp": someTime},
			"state": Value{"id": "r", "name": "pod", "api_version": "v1", "kind": "Pod", "created_at": someTime, "updated_at": someTime},
		}}}
	},
	"GetLatestEvent": func(agent, things) Value { return Value{"name": "pushed", "labels": map[string]string{"app": "web"}} },
	"ListEvents":     func(agent, things) Value { return Value{"from": 1, "order": 1, "status": 1} },
	"ReportEventStatuses": func(_ agent, th things) Value {
		return Value{"events": []Value{{"id": th.event, "status": 2, "status_description": "no such file"}}}
	},
	"ReportEventsHandled":             func(_ agent, th things) Value { return Value{"event_ids": []string{th.event}} },
	"GetLatestAnalysisResult":         ofApp(nil),
	"PutLatestAnalysisResult":         ofApp(Value{"analysis_result": Value{"start_time": someTime}}),
	"GetDesiredVersion":               func(agent, things) Value { return Value{} },
	"UpdateApplicationConfigurations": func(a agent, th things) Value { return Value{"applications": []Value{info(a, th)}} },
	"ReportUnregisteredApplicationConfigurations": func(a agent, _ things) Value {
		return Value{"applications": []Value{info(a, things{})}}
	},
	"CreateDeploymentChain": func(a agent, th things) Value {
		th.deployment = model.NewID()
		return Value{"first_deployment": newDeployment(a, th), "matchers": []Value{{"name": "nothing", "kind": "ECS", "labels": map[string]string{"a": "b"}}}}
	},
	"InChainDeploymentPlannable": func(_ agent, th things) Value {
		return Value{"deployment_id": th.deployment, "deployment_chain_id": th.chain, "deployment_chain_block_index": 0}
	},
	"GetApplicationSharedObject": ofApp(Value{"plugin_name": "ecs", "key": "k"}),
	"PutApplicationSharedObject": ofApp(Value{"plugin_name": "ecs", "key": "../../k", "object": []byte("second")}),
}
