import { useQuery } from '@tanstack/react-query'
import { deploymentsQuery } from '~/api'
import { type Deployment, DeploymentStatus } from '~/gen/model/model_pb'

const lookedAt = 50

// beforeOf finds the deployment that brought out what ran before: the last that
// succeeded before this one, of the commit that ran.
export function beforeOf(d: Deployment, others: readonly Deployment[]): Deployment | undefined {
  if (!d.runningCommitHash) return undefined
  return others.find(
    o =>
      o.id !== d.id &&
      o.createdAt <= d.createdAt &&
      o.status === DeploymentStatus.DEPLOYMENT_SUCCESS &&
      o.trigger?.commit?.hash === d.runningCommitHash,
  )
}

// useBefore returns what ran before as people call it: its version, else its commit.
export function useBefore(d: Deployment): string {
  const { data } = useQuery({
    ...deploymentsQuery({
      applicationId: d.applicationId,
      statuses: [DeploymentStatus.DEPLOYMENT_SUCCESS],
      pageSize: lookedAt,
    }),
    enabled: d.runningCommitHash !== '',
    staleTime: Number.POSITIVE_INFINITY,
  })
  const version = beforeOf(d, data?.deployments ?? [])?.versions[0]?.version
  return version && version !== 'unknown' ? version : d.runningCommitHash.slice(0, 8)
}
