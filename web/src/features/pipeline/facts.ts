import { ManualOperation, type PipelineStage, StageStatus } from '~/gen/model/model_pb'
import type { Catalog, Formats } from '~/i18n'
import { isOver, startOf } from './levels'
import { percentOf } from './traffic'

const unit: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, µs: 0.001, us: 0.001, ns: 0.000001 }

// durationOf reads a duration as Go writes it, "1h2m3.5s", into milliseconds.
export function durationOf(text: string | undefined): number | undefined {
  if (!text || !/^(\d+(\.\d+)?(h|ms|m|s|µs|us|ns))+$/.test(text)) return undefined
  let sum = 0
  for (const [, n, u = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s|µs|us|ns)/g)) sum += Number(n) * (unit[u] ?? 0)
  return sum
}

// Timing is how far a stage with a known duration has come.
export interface Timing {
  readonly left: number
  readonly done: number // 0 to 1
}

// timingOf is undefined for stages that take as long as they take.
export function timingOf(s: PipelineStage, now: number): Timing | undefined {
  const all = durationOf(s.metadata.duration)
  const start = startOf(s)
  if (s.status !== StageStatus.STAGE_RUNNING || !all || start === undefined) return undefined
  const left = Math.max(0, start + all - now)
  return { left, done: 1 - left / all }
}

export function isWaiting(s: PipelineStage): boolean {
  return s.status === StageStatus.STAGE_RUNNING && s.availableOperation === ManualOperation.APPROVE
}

export function isSkippable(s: PipelineStage): boolean {
  return s.status === StageStatus.STAGE_RUNNING && s.availableOperation === ManualOperation.SKIP
}

// mayAsk holds for a stage in which people may have something to do, at some time.
export function mayAsk(s: PipelineStage): boolean {
  return s.name === 'ANALYSIS' || s.name === 'WAIT_APPROVAL' || isWaiting(s) || isSkippable(s)
}

// Approvals is who may approve a stage, who did, and how many are missing.
export interface Approvals {
  readonly may: readonly string[] // empty: everybody
  readonly left: readonly string[] // of them, who did not yet
  readonly by: readonly string[]
  readonly wanted: number
  readonly missing: number
}

const names = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map(n => n.trim())
    .filter(Boolean)

export function approvalsOf(s: PipelineStage): Approvals {
  const may = s.authorizedOperators.length > 0 ? s.authorizedOperators : names(s.metadata.Approvers)
  const by = names(s.metadata.ApprovedBy)
  const wanted = Math.max(1, Number.parseInt(s.metadata['min-approver-num'] ?? '', 10) || 1)
  return { may, left: may.filter(n => !by.includes(n)), by, wanted, missing: Math.max(0, wanted - by.length) }
}

// purposeOf says in one line what the stage is for.
export function purposeOf(s: PipelineStage, t: Catalog, f: Formats): string {
  const w = t.deployment.purpose
  if (s.desc && !s.predefined) return s.desc
  const share = percentOf(s.metadata['planned-canary-percentage'])
  const scale = percentOf(s.metadata['canary-scale'])
  const baseline = percentOf(s.metadata['baseline-scale'])
  const duration = durationOf(s.metadata.duration)
  switch (s.name) {
    case 'ECS_SYNC':
      return w.sync
    case 'ECS_CANARY_ROLLOUT':
      return scale === undefined ? w.canary : w.canaryOf(f.percent(scale))
    case 'ECS_TRAFFIC_ROUTING':
      return share === undefined ? w.routing : w.routingOf(f.percent(share))
    case 'ECS_PRIMARY_ROLLOUT':
      return w.primary
    case 'ECS_CANARY_CLEAN':
      return w.clean
    case 'ECS_BASELINE_ROLLOUT':
      return baseline === undefined ? w.baseline : w.baselineOf(f.percent(baseline))
    case 'ECS_BASELINE_CLEAN':
      return w.baselineClean
    case 'SCRIPT_RUN':
      return w.script
    case 'ANALYSIS':
      return duration === undefined ? w.analysis : w.analysisOf(f.duration(duration))
    case 'WAIT':
      return duration === undefined ? w.wait : w.waitOf(f.duration(duration))
    case 'WAIT_APPROVAL':
      return approvalPurpose(s, t, f)
    case 'ROLLBACK':
      return w.rollback
    default:
      return s.desc
  }
}

function approvalPurpose(s: PipelineStage, t: Catalog, f: Formats): string {
  const { left, by, wanted, missing } = approvalsOf(s)
  const w = t.deployment.purpose
  if (isOver(s) && by.length > 0) return w.approvedBy(f.list(by))
  const n = isWaiting(s) ? missing : wanted
  return left.length > 0 ? w.approvalsOf(n, f.number(n), f.list(left)) : w.approvals(n, f.number(n))
}
