import { ms } from '~/api'
import { type Deployment, DeploymentStatus, StageStatus } from '~/gen/model/model_pb'
import { isCompleted } from '~/kit'

export interface Day {
  readonly day: string
  readonly deployments: readonly Deployment[]
}

// byDay groups a list, newest first, by the day of the reader's zone.
export function byDay(list: readonly Deployment[], dayOf: (ms: number) => string): Day[] {
  const out: { day: string; deployments: Deployment[] }[] = []
  for (const d of list) {
    const day = dayOf(ms(d.createdAt) ?? 0)
    const last = out.at(-1)
    if (last?.day === day) last.deployments.push(d)
    else out.push({ day, deployments: [d] })
  }
  return out
}

export function versionOf(d: Deployment): string {
  const version = d.versions[0]?.version ?? ''
  return version === 'unknown' ? '' : version
}

// versionsBefore finds, for each deployment, what ran before it: the version of
// the application's last success below it in the list. What the list does not
// reach is left out.
export function versionsBefore(list: readonly Deployment[]): Map<string, string> {
  const before = new Map<string, string>()
  const running = new Map<string, string>()
  for (const d of list.toReversed()) {
    const version = running.get(d.applicationId)
    if (version) before.set(d.id, version)
    if (d.status === DeploymentStatus.DEPLOYMENT_SUCCESS) running.set(d.applicationId, versionOf(d))
  }
  return before
}

const planned = 'planned-canary-percentage'

// canaryShare is the percentage of requests that the new version of a running
// deployment was last given; undefined before the first, and afterwards.
export function canaryShare(d: Deployment): number | undefined {
  if (isCompleted(d.status)) return undefined
  const done = d.stages
    .filter(s => s.status === StageStatus.STAGE_SUCCESS && planned in s.metadata)
    .sort((a, b) => Number(a.rollback) - Number(b.rollback) || a.index - b.index)
    .at(-1)
  const share = Number(done?.metadata[planned])
  return share > 0 ? share : undefined
}

// headline is the first line of a commit's message.
export function headline(message: string): string {
  return message.split('\n', 1)[0]?.trim() ?? ''
}
