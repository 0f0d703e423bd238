import { useInfiniteQuery } from '@tanstack/react-query'
import { deploymentsPages, deploymentsTopic, useTopic } from '~/api'
import { canaryShare, versionsBefore } from '~/features/deployments'
import { glancesOf, type StageGlance } from '~/features/stages'
import { type Deployment, DeploymentStatus } from '~/gen/model/model_pb'
import type { Application, DeploymentBrief } from '~/gen/pipecd/web/v1/application_pb'
import { liveVersion } from './view'

const pageSize = 15

// useRecent reads what was deployed, newest first, and keeps it current.
export function useRecent(applicationId: string) {
  useTopic(deploymentsTopic)
  return useInfiniteQuery(deploymentsPages({ applicationId, pageSize }))
}

// Brief is a deployment in one line. A DeploymentBrief of the contract is one.
export type Brief = Omit<DeploymentBrief, '$typeName' | '$unknown' | 'stages'> & {
  readonly stages: readonly StageGlance[]
}

// Ahead is a deployment that runs while later ones wait for their turn.
export interface Ahead {
  readonly brief: Brief
  readonly waiting: number
}

const waits = (d: { status: DeploymentStatus }) =>
  d.status === DeploymentStatus.DEPLOYMENT_PENDING || d.status === DeploymentStatus.DEPLOYMENT_PLANNED

const runs = (d: { status: DeploymentStatus }) =>
  d.status === DeploymentStatus.DEPLOYMENT_RUNNING || d.status === DeploymentStatus.DEPLOYMENT_ROLLING_BACK

// aheadOf finds the deployment for whose end the application's latest one waits.
export function aheadOf(app: Application, recent: readonly Deployment[]): Ahead | undefined {
  const { latest } = app
  if (!latest || !waits(latest)) return undefined
  const others = recent.filter(d => d.id !== latest.id)
  const first = others.find(runs)
  return first && { brief: briefOf(first), waiting: others.filter(waits).length + 1 }
}

function briefOf(d: Deployment): Brief {
  const { id, status, createdAt, completedAt, statusReason } = d
  return {
    id,
    status,
    stages: glancesOf(d.stages),
    version: d.versions[0]?.version ?? '',
    createdAt,
    completedAt,
    statusReason,
    canaryPercent: canaryShare(d),
  }
}

// versionBefore is what ran before a deployment, as far as it is known. What is
// live is what ran before one that did not come to its end.
export function versionBefore(app: Application, d: Brief, recent: readonly Deployment[]): string | undefined {
  const known = versionsBefore(recent).get(d.id)
  return known ?? (d.status === DeploymentStatus.DEPLOYMENT_SUCCESS ? undefined : liveVersion(app))
}
