package wiretest

import (
	"strings"
	"testing"
	"time"

	"pipecd/pkg/controlplane/stagelog"
	"pipecd/pkg/model"
)

// generation is how agents of a version say what both have.
type generation struct {
	meta        Value
	deployment  func(Value)
	metadata    []string // calls that save metadata
	cursor      bool
	desiredSeen bool
}

func generations() map[string]generation {
	return map[string]generation{
		"0.34": {
			meta: Value{"version": "v0.34.0", "cloud_providers": []Value{{"name": "ecs-dev", "type": "ECS"}}},
			deployment: func(d Value) {
				d["cloud_provider"] = "ecs-dev"
			},
			metadata: []string{"SaveDeploymentMetadata"},
		},
		"0.57": {
			meta: Value{"version": "v0.57.0", "plugins": []Value{{"name": "ecs", "deploy_targets": []string{"dev"}}}},
			deployment: func(d Value) {
				d["deploy_targets_by_plugin"] = map[string]any{"ecs": Value{"deploy_targets": []string{"dev"}}}
				d["deployment_trace_commit_hash"] = "c0ffee"
			},
			metadata: []string{"SaveDeploymentSharedMetadata", "SaveDeploymentPluginMetadata"},
			cursor:   true,
		},
	}
}

// TestAgents replays what agents of both generations do, in their order, from
// their start to a deployment that a person asked for and its end.
func TestAgents(t *testing.T) {
	t.Parallel()
	for version, g := range generations() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s := &sequence{world: newWorld(t), generation: g}
			s.start()
			s.command()
			s.trigger()
			s.plan()
			s.run()
			s.finish()
		})
	}
}

type sequence struct {
	*world
	generation

	th things
}

func (s *sequence) about(v Value) Value { return with(v, "deployment_id", s.th.deployment) }

func (s *sequence) start() {
	s.th = things{app: s.application(s.mine, "web", nil), deployment: model.NewID()}
	meta := s.call(s.mine, "ReportPipedMeta", with(s.meta, "repositories", []Value{{"id": "shop", "remote": "r", "branch": "main"}}))
	s.want("mine", meta, "name")
	s.want(webAddress, meta, "web_base_url")
	if interval, _ := s.call(s.mine, "ReportStat", Value{"piped_stats": []byte("go_goroutines 1\n")})["report_interval"].(int64); interval <= 0 {
		s.t.Errorf("the report interval is %d", interval)
	}
	s.want("v9.9.9", s.call(s.mine, "GetDesiredVersion", Value{}), "version")
	apps := s.call(s.mine, "ListApplications", Value{})
	s.want(s.th.app, apps, "applications", 0, "id")
	s.want("ecs-dev", apps, "applications", 0, "platform_provider")
	s.want("ecs-dev", apps, "applications", 0, "cloud_provider")
	s.want("dev", apps, "applications", 0, "deploy_targets_by_plugin", "ecs", "deploy_targets", 0)
	s.want("git@example.com:shop.git", apps, "applications", 0, "git_path", "repo", "remote")
	s.call(s.mine, "ListEvents", Value{"from": someTime, "to": someTime + 60, "order": 1, "status": 1})
	p, err := s.store.GetPiped(s.t.Context(), s.mine.id)
	s.must(err)
	if len(p.PlatformProviders)+len(p.Plugins) != 1 || !p.Online(time.Now()) {
		s.t.Errorf("the agent is kept as %+v", p)
	}
}

// command is a person's SYNC, which the agent finds by polling.
func (s *sequence) command() {
	s.th.command = model.NewID()
	now := time.Now()
	s.must(s.store.AddCommand(s.t.Context(), &model.Command{
		ID: s.th.command, PipedID: s.mine.id, ProjectID: s.mine.project, ApplicationID: s.th.app, Commander: "someone",
		SyncStrategy: model.StrategyQuickSync, CreatedAt: now, UpdatedAt: now,
	}))
	list := s.call(s.mine, "ListUnhandledCommands", Value{})
	s.want(s.th.command, list, "commands", 0, "id")
	s.want(0, list, "commands", 0, "type")
	s.want(s.th.app, list, "commands", 0, "sync_application", "application_id")
	s.want(1, list, "commands", 0, "sync_application", "sync_strategy")
	s.want("someone", list, "commands", 0, "commander")
}

func (s *sequence) trigger() {
	d := newDeployment(s.mine, s.th)
	d["status_reason"] = "The deployment is waiting to be planned"
	s.deployment(d)
	s.call(s.mine, "CreateDeployment", Value{"deployment": d})
	s.call(s.mine, "ReportApplicationMostRecentDeployment", mostRecent(s.th, 0))
	s.call(s.mine, "ReportCommandHandled", Value{
		"command_id": s.th.command, "status": 1, "handled_at": someTime, "metadata": map[string]string{"TriggeredDeploymentID": s.th.deployment},
	})
	if list := s.call(s.mine, "ListUnhandledCommands", Value{}); len(list) != 0 {
		s.t.Errorf("unhandled: %v", list)
	}
	list := Value{}
	if s.cursor {
		list["cursor"] = ""
	}
	open := s.call(s.mine, "ListNotCompletedDeployments", list)
	s.want(s.th.deployment, open, "deployments", 0, "id")
	for path, want := range d {
		if text, ok := want.(string); ok {
			s.want(text, open, "deployments", 0, path)
		}
	}
	if s.cursor {
		s.want("dev", open, "deployments", 0, "deploy_targets_by_plugin", "ecs", "deploy_targets", 0)
	}
	s.want(s.th.deployment, s.call(s.mine, "GetApplicationMostRecentDeployment", Value{"application_id": s.th.app, "status": 0}), "deployment", "deployment_id")
}

func (s *sequence) plan() {
	s.call(s.mine, "ReportApplicationDeployingStatus", Value{"application_id": s.th.app, "deploying": true})
	s.call(s.mine, "ReportDeploymentPlanned", replaced(plan(s.th, "s1", "s2"), "version", "v2"))
	got := s.call(s.mine, "GetDeployment", Value{"id": s.th.deployment})
	s.want(1, got, "deployment", "status")
	s.want("v2", got, "deployment", "versions", 0, "version")
	s.want("s2", got, "deployment", "stages", 1, "id")
	s.call(s.mine, "ReportDeploymentStatusChanged", s.about(Value{"status": 2, "status_reason": "The piped started handling this deployment"}))
}

func (s *sequence) run() {
	for i, id := range []string{"s1", "s2"} {
		stage := func(v Value) Value { return with(s.about(v), "stage_id", id) }
		report := func(status int) {
			s.call(s.mine, "ReportStageStatusChanged", stage(Value{"status": status, "visible": true, "completed_at": someTime}))
		}
		report(1)
		report(1) // after a restart
		s.call(s.mine, "SaveStageMetadata", stage(Value{"metadata": map[string]string{"n": id}}))
		for _, name := range s.metadata {
			v := s.about(Value{"metadata": map[string]string{id: "done"}})
			if strings.Contains(name, "Plugin") {
				v["plugin_name"] = "ecs"
			}
			s.call(s.mine, name, v)
		}
		s.call(s.mine, "ReportStageLogs", stage(Value{"blocks": logLines(1, 3)}))
		s.call(s.mine, "ReportStageLogsFromLastCheckpoint", stage(Value{"blocks": logLines(1, 4), "completed": true}))
		report(2)
		log, err := stagelog.New(stagelog.Options{Journal: s.store, Files: s.files}).Read(s.t.Context(), stagelog.Key{DeploymentID: s.th.deployment, StageID: id}, 0)
		s.must(err)
		if len(log.Blocks) != 4 || !log.Completed {
			s.t.Errorf("the log of %s is %+v", id, log)
		}
		got := s.call(s.mine, "GetDeployment", Value{"id": s.th.deployment})
		s.want(2, got, "deployment", "stages", i, "status")
		s.want(id, got, "deployment", "stages", i, "metadata", "n")
		s.want("done", got, "deployment", "metadata", id)
	}
}

func (s *sequence) finish() {
	s.call(s.mine, "ReportDeploymentCompleted", s.about(Value{
		"status": 4, "status_reason": "The deployment was completed successfully", "completed_at": someTime, "stage_statuses": map[string]any{"s1": 2, "s2": 2},
	}))
	s.call(s.mine, "ReportApplicationMostRecentDeployment", mostRecent(s.th, 4))
	s.call(s.mine, "ReportApplicationDeployingStatus", Value{"application_id": s.th.app, "deploying": false})
	s.call(s.mine, "ReportApplicationSyncState", Value{"application_id": s.th.app, "state": Value{"status": 1, "timestamp": someTime}})
	s.call(s.mine, "ReportApplicationLiveState", snapshotOf(s.mine, s.th, someTime, 0))
	s.call(s.mine, "PutLatestAnalysisResult", Value{"application_id": s.th.app, "analysis_result": Value{"start_time": someTime}})
	if open := s.call(s.mine, "ListNotCompletedDeployments", Value{}); len(open) != 0 {
		s.t.Errorf("open: %v", open)
	}
	apps := s.call(s.mine, "ListApplications", Value{})
	s.want(1, apps, "applications", 0, "sync_state", "status")
	s.want(0, apps, "applications", 0, "deploying")
	s.want(s.th.deployment, apps, "applications", 0, "most_recently_successful_deployment", "deployment_id")
	got := s.call(s.mine, "GetDeployment", Value{"id": s.th.deployment})
	s.want(4, got, "deployment", "status")
	s.want(someTime, got, "deployment", "completed_at")
}
