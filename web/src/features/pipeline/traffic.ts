import { type PipelineStage, StageStatus } from '~/gen/model/model_pb'
import { isOver, isStarted } from './levels'

// Share is how much of the traffic the new version gets after a stage, in percent.
export interface Share {
  readonly planned: number | undefined
  // What it gets as far as is known; undefined before the stage begins.
  readonly actual: number | undefined
  // How it is known: read back at the load balancer, or from what finished stages do.
  readonly observed: boolean
  // The load balancer has something else than was planned.
  readonly mismatch: boolean
}

const planned = 'planned-canary-percentage'
const observed = 'observed-canary-percentage'
const given = 'canary-percentage'

// percentOf reads a share; what is not between 0 and 100 is unknown.
export function percentOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,3}$/.test(text)) return undefined
  const n = Number(text)
  return n <= 100 ? n : undefined
}

// sharesOf tells each stage's share, by its id. The stages are in their order,
// the rollback last. A stage that moves no traffic leaves it as it was.
export function sharesOf(stages: readonly PipelineStage[]): Map<string, Share> {
  const shares = new Map<string, Share>()
  let now: number | undefined = 0
  let promoted = false
  for (const s of inTurn(stages)) {
    const seen = percentOf(s.metadata[observed])
    const plan = percentOf(s.metadata[planned])
    const started = isStarted(s)
    if (started) now = seen ?? effectOf(s, promoted) ?? now
    promoted ||= promotes(s) && s.status === StageStatus.STAGE_SUCCESS
    shares.set(s.id, {
      planned: plan,
      actual: started ? now : undefined,
      observed: started && seen !== undefined,
      mismatch: isOver(s) && seen !== undefined && plan !== undefined && seen !== plan,
    })
  }
  return shares
}

// Plan is what a stage's part of the ribbon shows of the plan: hatched what is
// still to come or came about, nothing where the stage did not do what it was
// meant to, and grey where it never will run.
export type Plan = 'hatched' | 'none' | 'never'

// planOf tells it. Nothing more begins once a rollback has.
export function planOf(s: PipelineStage, stages: readonly PipelineStage[]): Plan {
  if (!isStarted(s)) return isOver(s) || stages.some(r => r.rollback && isStarted(r)) ? 'never' : 'hatched'
  return isOver(s) && s.status !== StageStatus.STAGE_SUCCESS && s.status !== StageStatus.STAGE_SKIPPED
    ? 'none'
    : 'hatched'
}

// shareNow is what the new version gets at present.
export function shareNow(stages: readonly PipelineStage[]): number {
  const shares = sharesOf(stages)
  return inTurn(stages).reduce((now, s) => shares.get(s.id)?.actual ?? now, 0)
}

// The rollback runs after the others, whatever its index.
function inTurn(stages: readonly PipelineStage[]): PipelineStage[] {
  return [...stages].sort((a, b) => Number(a.rollback) - Number(b.rollback) || a.index - b.index)
}

function promotes(s: PipelineStage): boolean {
  return s.name === 'ECS_SYNC' || s.name === 'ECS_PRIMARY_ROLLOUT'
}

// effectOf is what a stage that succeeded does to the share: a routing stage
// gives its own until the new version is the primary, from when on that has all.
function effectOf(s: PipelineStage, promoted: boolean): number | undefined {
  if (s.status !== StageStatus.STAGE_SUCCESS) return undefined
  if (s.rollback) return 0
  if (promotes(s)) return 100
  if (s.name !== 'ECS_TRAFFIC_ROUTING') return undefined
  return promoted ? 100 : percentOf(s.metadata[given])
}
