package wiretest

// What both services share: numbers, types and rules as the wire has them.

var texts = Map(Text())

var (
	gitRepository = Table("ApplicationGitRepository", F(1, "id", Text(), NotEmpty), F(2, "remote", Text()), F(3, "branch", Text()))
	gitPath       = Table("ApplicationGitPath",
		F(1, "repo", Of(gitRepository), Required), F(2, "path", Text(), InDir), F(4, "config_filename", Text()), F(5, "url", Text()))
	commit = Table("Commit",
		F(1, "hash", Text(), NotEmpty), F(2, "message", Text(), NotEmpty), F(3, "author", Text(), NotEmpty), F(4, "branch", Text(), NotEmpty),
		F(5, "pull_request", Number()), F(6, "url", Text()), F(14, "created_at", Number(), Positive))
	trigger = Table("DeploymentTrigger",
		F(1, "commit", Of(commit), Required), F(2, "commander", Text()), F(3, "timestamp", Number(), Positive), F(4, "sync_strategy", Number()),
		F(5, "strategy_summary", Text()))
	artifact = Table("ArtifactVersion",
		F(1, "kind", Number(), Defined), F(2, "version", Text()), F(3, "name", Text()), F(4, "url", Text()))
	deployTargets = Table("DeployTargets", F(1, "deploy_targets", List(Text())))
	stage         = Table("PipelineStage",
		F(1, "id", Text(), NotEmpty), F(2, "name", Text(), NotEmpty), F(3, "desc", Text()), F(4, "index", Number()), F(5, "predefined", Number()),
		F(6, "requires", List(Text())), F(7, "visible", Number()), F(8, "status", Number(), Defined), F(9, "status_reason", Text()),
		F(10, "metadata", texts), F(11, "retried_count", Number()), F(12, "rollback", Number()), F(13, "completed_at", Number(), Natural),
		F(14, "created_at", Number(), Positive), F(15, "updated_at", Number(), Positive), F(16, "available_operation", Number(), Defined),
		F(17, "authorized_operators", List(Text())))
	keyValues          = Table("DeploymentMetadata.KeyValues", F(1, "keyValues", texts))
	deploymentMetadata = Table("DeploymentMetadata", F(1, "shared", Of(keyValues)), F(2, "plugins", Map(Of(keyValues))))
	deployment         = Table("Deployment",
		F(1, "id", Text(), NotEmpty), F(2, "application_id", Text(), NotEmpty), F(3, "application_name", Text(), NotEmpty),
		F(5, "piped_id", Text(), NotEmpty), F(6, "project_id", Text(), NotEmpty), F(7, "kind", Number(), Defined),
		F(8, "git_path", Of(gitPath), Required), F(9, "cloud_provider", Text()), F(10, "labels", texts), F(11, "platform_provider", Text()),
		F(12, "deploy_targets_by_plugin", Map(Of(deployTargets))), F(20, "trigger", Of(trigger), Required), F(21, "running_commit_hash", Text()),
		F(22, "summary", Text()), F(24, "versions", List(Of(artifact))), F(30, "status", Number(), Defined), F(31, "status_reason", Text()),
		F(32, "stages", List(Of(stage))), F(33, "metadata", texts), F(34, "metadata_v2", Of(deploymentMetadata)),
		F(40, "deployment_chain_id", Text()), F(41, "deployment_chain_block_index", Number()), F(50, "deployment_trace_commit_hash", Text()),
		F(60, "running_config_filename", Text()), F(100, "completed_at", Number(), Natural), F(101, "created_at", Number(), Natural),
		F(102, "updated_at", Number(), Natural))
	syncState = Table("ApplicationSyncState",
		F(1, "status", Number(), Defined), F(2, "short_reason", Text()), F(3, "reason", Text()), F(4, "head_deployment_id", Text()),
		F(5, "timestamp", Number(), Positive))
	reference = Table("ApplicationDeploymentReference",
		F(1, "deployment_id", Text(), NotEmpty), F(2, "trigger", Of(trigger), Required), F(3, "summary", Text()), F(4, "version", Text()),
		F(5, "config_filename", Text()), F(6, "versions", List(Of(artifact))), F(14, "started_at", Number(), Positive),
		F(15, "completed_at", Number(), Natural))
	application = Table("Application",
		F(1, "id", Text()), F(2, "name", Text()), F(4, "piped_id", Text()), F(5, "project_id", Text()), F(6, "kind", Number()),
		F(7, "git_path", Of(gitPath)), F(8, "cloud_provider", Text()), F(9, "description", Text()), F(10, "labels", texts),
		F(11, "most_recently_successful_deployment", Of(reference)), F(12, "most_recently_triggered_deployment", Of(reference)),
		F(13, "sync_state", Of(syncState)), F(14, "deploying", Number()), F(15, "platform_provider", Text()),
		F(16, "deploy_targets_by_plugin", Map(Of(deployTargets))), F(98, "deleted_at", Number()), F(99, "deleted", Number()),
		F(100, "disabled", Number()), F(101, "created_at", Number()), F(102, "updated_at", Number()))
	applicationInfo = Table("ApplicationInfo",
		F(1, "id", Text()), F(2, "name", Text(), NotEmpty), F(3, "kind", Number(), Defined), F(4, "labels", texts), F(5, "repo_id", Text(), NotEmpty),
		F(6, "path", Text(), InDir), F(7, "config_filename", Text()), F(8, "piped_id", Text(), NotEmpty), F(9, "description", Text()))
	logBlock = Table("LogBlock",
		F(1, "index", Number()), F(2, "log", Text(), NotEmpty), F(3, "severity", Number(), Defined), F(14, "created_at", Number(), Positive))
	analysisResult = Table("AnalysisResult", F(1, "start_time", Number(), Positive))
	event          = Table("Event",
		F(1, "id", Text()), F(2, "name", Text()), F(3, "data", Text()), F(4, "project_id", Text()), F(5, "labels", texts), F(6, "event_key", Text()),
		F(8, "status", Number()), F(9, "status_description", Text()), F(10, "contexts", texts), F(11, "trigger_commit_hash", Text()),
		F(13, "handled_at", Number()), F(14, "created_at", Number()), F(15, "updated_at", Number()))
	ofApplication = Table("SyncApplication", F(1, "application_id", Text()), F(2, "sync_strategy", Number()))
	ofDeployment  = Table("CancelDeployment", F(1, "deployment_id", Text()), F(2, "force_rollback", Number()), F(3, "force_no_rollback", Number()))
	ofStage       = Table("ApproveStage", F(1, "deployment_id", Text()), F(2, "stage_id", Text()))
	ofChain       = Table("ChainSyncApplication",
		F(1, "deployment_chain_id", Text()), F(2, "block_index", Number()), F(3, "application_id", Text()), F(4, "sync_strategy", Number()))
	ofPiped = Table("RestartPiped", F(1, "piped_id", Text()))
	command = Table("Command",
		F(1, "id", Text()), F(2, "piped_id", Text()), F(3, "application_id", Text()), F(4, "deployment_id", Text()), F(5, "stage_id", Text()),
		F(6, "commander", Text()), F(7, "project_id", Text()), F(20, "status", Number()), F(21, "metadata", texts), F(22, "handled_at", Number()),
		F(30, "type", Number()), F(31, "sync_application", Of(ofApplication)), F(33, "cancel_deployment", Of(ofDeployment)),
		F(34, "approve_stage", Of(ofStage)), F(36, "chain_sync_application", Of(ofChain)), F(37, "skip_stage", Of(ofStage)),
		F(38, "restart_piped", Of(ofPiped)), F(100, "created_at", Number()), F(101, "updated_at", Number()))
)

// What agents report of themselves, and of what runs.
var (
	namedType  = Table("Piped.PlatformProvider", F(1, "name", Text(), NotEmpty), F(2, "type", Text(), NotEmpty))
	plugin     = Table("Piped.Plugin", F(1, "name", Text(), NotEmpty), F(2, "deploy_targets", List(Text())))
	encryption = Table("Piped.SecretEncryption",
		F(1, "type", Text(), OneOf), F(2, "public_key", Text()), F(3, "encrypt_service_account", Text()))
	ecsResource = Table("ECSResourceState",
		F(1, "id", Text(), NotEmpty), F(2, "owner_ids", List(Text())), F(3, "parent_ids", List(Text())), F(4, "name", Text(), NotEmpty),
		F(5, "kind", Text(), NotEmpty), F(6, "health_status", Number(), Defined), F(7, "health_description", Text()),
		F(8, "created_at", Number(), Positive), F(9, "updated_at", Number(), Positive))
	kubernetesResource = Table("KubernetesResourceState",
		F(1, "id", Text(), NotEmpty), F(2, "owner_ids", List(Text())), F(3, "parent_ids", List(Text())), F(4, "name", Text(), NotEmpty),
		F(5, "api_version", Text(), NotEmpty), F(6, "kind", Text(), NotEmpty), F(7, "namespace", Text()), F(8, "health_status", Number(), Defined),
		F(9, "health_description", Text()), F(14, "created_at", Number(), Positive), F(15, "updated_at", Number(), Positive))
	lambdaResource = Table("LambdaResourceState",
		F(1, "id", Text(), NotEmpty), F(4, "name", Text(), NotEmpty), F(5, "kind", Text(), NotEmpty), F(6, "health_status", Number(), Defined),
		F(8, "created_at", Number()))
	resource = Table("ResourceState",
		F(1, "id", Text(), NotEmpty), F(2, "parent_ids", List(Text())), F(3, "name", Text(), NotEmpty), F(4, "resource_type", Text()),
		F(5, "resource_metadata", texts), F(6, "health_status", Number(), Defined), F(7, "health_description", Text()), F(8, "deploy_target", Text()),
		F(9, "plugin_name", Text()), F(10, "created_at", Number(), Positive), F(11, "updated_at", Number(), Positive))
	liveState        = Table("ApplicationLiveState", F(1, "resources", List(Of(resource))), F(2, "health_status", Number()))
	liveStateVersion = Table("ApplicationLiveStateVersion", F(1, "timestamp", Number(), Positive), F(2, "index", Number(), Natural))
	snapshot         = Table("ApplicationLiveStateSnapshot",
		F(1, "application_id", Text(), NotEmpty), F(3, "piped_id", Text(), NotEmpty), F(4, "project_id", Text(), NotEmpty),
		F(5, "kind", Number(), Defined), F(6, "health_status", Number()),
		F(10, "kubernetes", Of(Table("KubernetesApplicationLiveState", F(1, "resources", List(Of(kubernetesResource)))))),
		F(12, "cloudrun", Of(Table("CloudRunApplicationLiveState", F(1, "resources", List(Of(kubernetesResource)))))),
		F(13, "lambda", Of(Table("LambdaApplicationLiveState", F(1, "resources", List(Of(lambdaResource)))))),
		F(14, "ecs", Of(Table("ECSApplicationLiveState", F(1, "resources", List(Of(ecsResource)))))),
		F(15, "version", Of(liveStateVersion), Required), F(16, "application_live_state", Of(liveState)))
	resourceEvent = Table("KubernetesResourceStateEvent",
		F(1, "id", Text(), NotEmpty), F(2, "application_id", Text(), NotEmpty), F(3, "type", Number(), Defined),
		F(4, "state", Of(kubernetesResource), Required), F(5, "snapshot_version", Of(liveStateVersion), Required), F(15, "created_at", Number(), Positive))
)
