import { displayStatus, isUnreadable, running } from '~/features/application'
import { currentStage, waitsForApproval } from '~/features/stages'
import { ApplicationSyncStatus, DeploymentStatus } from '~/gen/model/model_pb'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'

export type Reason = 'approval' | 'failed' | 'invalid' | 'unreadable' | 'outOfSync'

// Need is an application that waits for a person.
export interface Need {
  readonly app: Application
  readonly reason: Reason
  // The deployment to look at; none when it is about the files.
  readonly deploymentId: string | undefined
  // Since when, in unix seconds.
  readonly since: bigint
}

const urgency: readonly Reason[] = ['approval', 'failed', 'invalid', 'unreadable', 'outOfSync']

// needsOf finds what waits for a person: first what holds a deployment up, then
// what went wrong; the newest first among equals.
export function needsOf(apps: readonly Application[]): Need[] {
  return apps
    .flatMap(app => needOf(app) ?? [])
    .sort((a, b) => urgency.indexOf(a.reason) - urgency.indexOf(b.reason) || Number(b.since - a.since))
}

function needOf(app: Application): Need | undefined {
  const now = running(app)
  if (now) {
    const stage = currentStage(now.stages)
    return stage && waitsForApproval(stage)
      ? { app, reason: 'approval', deploymentId: now.id, since: now.createdAt }
      : undefined
  }
  if (app.application?.disabled) return undefined
  const state = app.application?.syncState
  const since = state?.timestamp ?? 0n
  const { latest } = app
  if (isUnreadable(app)) return { app, reason: 'unreadable', deploymentId: undefined, since }
  switch (displayStatus(app)) {
    case ApplicationSyncStatus.INVALID_CONFIG:
      return { app, reason: 'invalid', deploymentId: undefined, since }
    case ApplicationSyncStatus.OUT_OF_SYNC:
      if (latest?.status !== DeploymentStatus.DEPLOYMENT_FAILURE)
        return { app, reason: 'outOfSync', deploymentId: undefined, since }
  }
  return latest?.status === DeploymentStatus.DEPLOYMENT_FAILURE
    ? { app, reason: 'failed', deploymentId: latest.id, since: latest.completedAt }
    : undefined
}
