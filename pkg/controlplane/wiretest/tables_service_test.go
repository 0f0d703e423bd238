package wiretest

// rpc is one call of PipedService.
type rpc struct{ request, response *Message }

func empty() *Message { return Table("empty") }

func asked(fields ...Field) rpc { return rpc{Table("request", fields...), empty()} }

// service is all of PipedService, those that only some versions have included.
var service = map[string]rpc{
	"ReportStat": {Table("request", F(1, "piped_stats", Bytes())), Table("response", F(1, "report_interval", Number()))},
	"ReportPipedMeta": {
		Table("request",
			F(1, "version", Text()), F(2, "cloud_providers", List(Of(namedType))), F(3, "repositories", List(Of(gitRepository))),
			F(4, "secret_encryption", Of(encryption)), F(5, "config", Text()), F(6, "platform_providers", List(Of(namedType))),
			F(7, "plugins", List(Of(plugin)))),
		Table("response", F(1, "name", Text()), F(2, "web_base_url", Text())),
	},
	"ListApplications":                 {empty(), Table("response", F(1, "applications", List(Of(application))))},
	"ReportApplicationSyncState":       asked(F(1, "application_id", Text(), NotEmpty), F(2, "state", Of(syncState), Required)),
	"ReportApplicationDeployingStatus": asked(F(1, "application_id", Text(), NotEmpty), F(2, "deploying", Number())),
	"ReportApplicationMostRecentDeployment": asked(
		F(1, "application_id", Text(), NotEmpty), F(2, "status", Number(), Defined), F(3, "deployment", Of(reference), Required)),
	"GetApplicationMostRecentDeployment": {
		Table("request", F(1, "application_id", Text(), NotEmpty), F(2, "status", Number(), Defined)),
		Table("response", F(1, "deployment", Of(reference))),
	},
	"GetDeployment": {Table("request", F(1, "id", Text(), NotEmpty)), Table("response", F(1, "deployment", Of(deployment)))},
	"ListNotCompletedDeployments": {
		Table("request", F(1, "cursor", Text())), Table("response", F(1, "deployments", List(Of(deployment))), F(2, "cursor", Text())),
	},
	"CreateDeployment": asked(F(1, "deployment", Of(deployment), Required)),
	"ReportDeploymentPlanned": asked(
		F(1, "deployment_id", Text(), NotEmpty), F(2, "summary", Text()), F(3, "status_reason", Text()), F(4, "running_commit_hash", Text()),
		F(5, "version", Text()), F(6, "stages", List(Of(stage))), F(7, "deployment_chain_id", Text()),
		F(8, "deployment_chain_block_index", Number()), F(9, "running_config_filename", Text()), F(10, "versions", List(Of(artifact))),
		F(11, "sync_strategy", Number())),
	"ReportDeploymentStatusChanged": asked(
		F(1, "deployment_id", Text(), NotEmpty), F(2, "status", Number(), OneOf), F(3, "status_reason", Text()), F(4, "deployment_chain_id", Text()),
		F(5, "deployment_chain_block_index", Number())),
	"ReportDeploymentCompleted": asked(
		F(1, "deployment_id", Text(), NotEmpty), F(2, "status", Number(), Defined), F(3, "status_reason", Text()),
		F(4, "stage_statuses", Map(Number())), F(5, "deployment_chain_id", Text()), F(6, "deployment_chain_block_index", Number()),
		F(13, "completed_at", Number(), Positive)),
	"SaveDeploymentMetadata":       asked(F(1, "deployment_id", Text(), NotEmpty), F(2, "metadata", texts)),
	"SaveDeploymentSharedMetadata": asked(F(1, "deployment_id", Text(), NotEmpty), F(2, "metadata", texts)),
	"SaveDeploymentPluginMetadata": asked(
		F(1, "deployment_id", Text(), NotEmpty), F(2, "plugin_name", Text(), NotEmpty), F(3, "metadata", texts)),
	"SaveStageMetadata": asked(F(1, "deployment_id", Text(), NotEmpty), F(2, "stage_id", Text(), NotEmpty), F(3, "metadata", texts)),
	"ReportStageLogs": asked(
		F(1, "deployment_id", Text(), NotEmpty), F(2, "stage_id", Text(), NotEmpty), F(3, "retried_count", Number()), F(4, "blocks", List(Of(logBlock)))),
	"ReportStageLogsFromLastCheckpoint": asked(
		F(1, "deployment_id", Text(), NotEmpty), F(2, "stage_id", Text(), NotEmpty), F(3, "retried_count", Number()), F(4, "blocks", List(Of(logBlock))),
		F(5, "completed", Number())),
	"ReportStageStatusChanged": asked(
		F(1, "deployment_id", Text(), NotEmpty), F(2, "stage_id", Text(), NotEmpty), F(3, "status", Number(), Defined), F(4, "status_reason", Text()),
		F(5, "requires", List(Text())), F(6, "visible", Number()), F(7, "retried_count", Number()), F(13, "completed_at", Number(), Positive)),
	"ListUnhandledCommands": {empty(), Table("response", F(1, "commands", List(Of(command))))},
	"ReportCommandHandled": asked(
		F(1, "command_id", Text(), NotEmpty), F(2, "status", Number(), Defined), F(3, "metadata", texts), F(4, "handled_at", Number(), Positive),
		F(5, "output", Bytes())),
	"ReportApplicationLiveState": asked(F(1, "snapshot", Of(snapshot), Required)),
	"ReportApplicationLiveStateEvents": {
		Table("request", F(1, "kubernetes_events", List(Of(resourceEvent)))), Table("response", F(1, "failed_ids", List(Text()))),
	},
	"GetLatestEvent": {
		Table("request", F(1, "name", Text(), NotEmpty), F(2, "labels", texts)), Table("response", F(1, "event", Of(event))),
	},
	"ListEvents": {
		Table("request", F(1, "from", Number()), F(2, "to", Number()), F(3, "order", Number(), Defined), F(4, "status", Number(), Defined)),
		Table("response", F(1, "events", List(Of(event)))),
	},
	"ReportEventStatuses": asked(F(1, "events", List(Of(Table("Event",
		F(1, "id", Text(), NotEmpty), F(2, "status", Number(), Defined), F(3, "status_description", Text(), NotEmpty)))))),
	"ReportEventsHandled": asked(F(1, "event_ids", List(Text()))),
	"GetLatestAnalysisResult": {
		Table("request", F(1, "application_id", Text(), NotEmpty)), Table("response", F(1, "analysis_result", Of(analysisResult))),
	},
	"PutLatestAnalysisResult":                     asked(F(1, "application_id", Text(), NotEmpty), F(2, "analysis_result", Of(analysisResult), Required)),
	"GetDesiredVersion":                           {empty(), Table("response", F(1, "version", Text()))},
	"UpdateApplicationConfigurations":             asked(F(1, "applications", List(Of(applicationInfo)))),
	"ReportUnregisteredApplicationConfigurations": asked(F(1, "applications", List(Of(applicationInfo)))),
	"CreateDeploymentChain": asked(
		F(1, "first_deployment", Of(deployment), Required),
		F(2, "matchers", List(Of(Table("ApplicationMatcher", F(1, "name", Text()), F(2, "kind", Text()), F(3, "labels", texts)))))),
	"InChainDeploymentPlannable": {
		Table("request",
			F(1, "deployment_id", Text(), NotEmpty), F(2, "deployment_chain_id", Text(), NotEmpty), F(3, "deployment_chain_block_index", Number())),
		Table("response", F(1, "plannable", Number()), F(2, "cancel", Number()), F(3, "cancel_reason", Text())),
	},
	"GetApplicationSharedObject": {
		Table("request", F(1, "application_id", Text(), NotEmpty), F(2, "plugin_name", Text(), NotEmpty), F(3, "key", Text(), NotEmpty)),
		Table("response", F(1, "object", Bytes())),
	},
	"PutApplicationSharedObject": asked(
		F(1, "application_id", Text(), NotEmpty), F(2, "plugin_name", Text(), NotEmpty), F(3, "key", Text(), NotEmpty), F(4, "object", Bytes())),
}
