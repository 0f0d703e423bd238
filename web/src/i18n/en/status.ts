// The words of states. They are those that PipeCD's users know.
export const status = {
  sync: {
    unknown: 'Unknown',
    synced: 'Synced',
    deploying: 'Deploying',
    outOfSync: 'Out of sync',
    invalidConfig: 'Invalid config',
  },
  deployment: {
    pending: 'Pending',
    planned: 'Planned',
    running: 'Running',
    rollingBack: 'Rolling back',
    success: 'Success',
    failure: 'Failure',
    cancelled: 'Cancelled',
  },
  stage: {
    notStarted: 'Not started',
    running: 'Running',
    success: 'Success',
    failure: 'Failure',
    cancelled: 'Cancelled',
    skipped: 'Skipped',
    exited: 'Exited',
    rolledBack: 'Rolled back',
    waitingApproval: 'Waiting for approval',
  },
  piped: { unknown: 'Never connected', online: 'Online', offline: 'Offline', disabled: 'Disabled' },
  command: { waiting: 'Waiting', succeeded: 'Done', failed: 'Failed', timeout: 'Timed out' },
  kind: { kubernetes: 'Kubernetes', terraform: 'Terraform', lambda: 'Lambda', cloudRun: 'Cloud Run', ecs: 'ECS' },
  strategy: { auto: 'Sync', quickSync: 'Quick Sync', pipeline: 'Pipeline Sync' },
}
