import { approvalsOf, isStarted, isWaiting, shareNow, startOf, stopped, timingOf } from '~/features/pipeline'
import { type Deployment, DeploymentStatus, type PipelineStage, StageStatus } from '~/gen/model/model_pb'
import type { Catalog, Formats } from '~/i18n'
import { changedNothing } from './unchanged'

// Facts is what the sentence needs besides the deployment.
export interface Facts {
  readonly piped: string
  readonly before: string // the version before, empty when not known
  readonly now: number
  // The agent is away, so nothing that it told goes on by the clock.
  readonly offline: boolean
}

// versionOf is the new version as people call it.
export function versionOf(d: Deployment, t: Catalog): string {
  const known = d.versions.map(v => v.version).filter(v => v && v !== 'unknown')
  const [first] = known
  if (first) return new Set(known).size > 1 ? `${first} +${new Set(known).size - 1}` : first
  return d.trigger?.commit?.hash.slice(0, 8) || t.deployment.newVersion
}

// sentenceOf says what a person at the next desk would say about the deployment.
export function sentenceOf(d: Deployment, facts: Facts, t: Catalog, f: Formats): string {
  const w = t.deployment.sentence
  const v = versionOf(d, t)
  switch (d.status) {
    case DeploymentStatus.DEPLOYMENT_PENDING:
      return sentence([w.pending(facts.piped)], v, t)
    case DeploymentStatus.DEPLOYMENT_PLANNED:
      return sentence([w.planned(v)], v, t)
    case DeploymentStatus.DEPLOYMENT_RUNNING:
      return sentence([traffic(d, v, t, f), ...d.stages.filter(isRunning).map(s => running(s, facts, t, f))], v, t)
    case DeploymentStatus.DEPLOYMENT_ROLLING_BACK:
      return sentence([because(d, t), ...undoing(v, facts, t)], v, t)
    case DeploymentStatus.DEPLOYMENT_SUCCESS:
      return sentence([w.success(v), took(d, t, f)], v, t)
    case DeploymentStatus.DEPLOYMENT_FAILURE:
      return sentence(ended(because(d, t) || w.failed, d, v, facts, t, f), v, t)
    default:
      return sentence(ended(w.cancelled, d, v, facts, t, f), v, t)
  }
}

// sentence puts the parts together. A version keeps its letters, also in front.
function sentence(parts: readonly string[], v: string, t: Catalog): string {
  const { between, end } = t.deployment.sentence
  const all = parts.filter(Boolean).join(between)
  if (!all || all.startsWith(v)) return all && all + end
  return `${all[0]?.toUpperCase()}${all.slice(1)}${end}`
}

const isRunning = (s: PipelineStage) => s.status === StageStatus.STAGE_RUNNING && !s.rollback

function traffic(d: Deployment, v: string, t: Catalog, f: Formats): string {
  const w = t.deployment.sentence
  const share = shareNow(d.stages)
  if (share === 0) return w.noTraffic(v)
  return share === 100 ? w.allTraffic(v) : w.traffic(v, f.percent(share))
}

function running(s: PipelineStage, facts: Facts, t: Catalog, f: Formats): string {
  const w = t.deployment.sentence
  if (isWaiting(s)) {
    const { left, missing } = approvalsOf(s)
    const count = f.number(missing)
    return left.length > 0 ? w.waitsFor(s.name, missing, count, f.list(left)) : w.waits(s.name, missing, count)
  }
  const timing = timingOf(s, facts.now)
  if (facts.offline) return w.wasRunning(s.name)
  if (!timing) return w.running(s.name)
  return timing.left > 0 ? w.runningLeft(s.name, f.duration(roughly(timing.left))) : w.runningEnd(s.name)
}

// Nobody counts seconds when there are minutes.
function roughly(left: number): number {
  const minute = 60_000
  return left > 2 * minute ? Math.round(left / minute) * minute : left
}

function because(d: Deployment, t: Catalog): string {
  const at = stopped(d.stages)
  if (at?.status === StageStatus.STAGE_FAILURE) return t.deployment.sentence.because(at.name)
  return at?.status === StageStatus.STAGE_CANCELLED ? t.deployment.sentence.wasCancelled(at.name) : ''
}

// ended is how a deployment ended that did not bring its version out, and what
// gets the traffic now.
function ended(how: string, d: Deployment, v: string, facts: Facts, t: Catalog, f: Formats): string[] {
  const w = t.deployment.sentence
  if (!changedNothing(d)) return [how, ...undone(d, v, facts, t, f)]
  return [w.unchanged(how), facts.before ? w.still(facts.before) : '']
}

function undoing(v: string, { before }: Facts, t: Catalog): string[] {
  const w = t.deployment.sentence
  if (before === v) return [w.rollingBackSame(v)]
  return [w.rollingBack(v), before ? w.gettingBack(before) : '']
}

function undone(d: Deployment, v: string, facts: Facts, t: Catalog, f: Formats): string[] {
  const w = t.deployment.sentence
  const rollback = d.stages.find(s => s.rollback && isStarted(s))
  if (rollback?.status === StageStatus.STAGE_SUCCESS && facts.before === v) return [w.rolledBackSame(v), w.backSame]
  if (rollback?.status === StageStatus.STAGE_SUCCESS)
    return [w.rolledBack(v), facts.before ? w.back(facts.before) : w.backUnknown]
  if (rollback) return [w.rollbackFailed]
  if (!d.stages.some(s => startOf(s) !== undefined)) return [w.nothingDone(v)]
  const share = shareNow(d.stages)
  return [share === 0 ? w.notUndone : w.keeps(v, f.percent(share))]
}

function took(d: Deployment, t: Catalog, f: Formats): string {
  const done = d.stages.filter(s => s.status === StageStatus.STAGE_SUCCESS && !s.rollback).length
  const from = Number(d.createdAt)
  const to = Number(d.completedAt)
  return to > 0 ? t.deployment.sentence.took(f.number(done), done, f.duration((to - from) * 1000)) : ''
}
