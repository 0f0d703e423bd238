import { type PipelineStage, StageStatus } from '~/gen/model/model_pb'

// Column is one dependency level of a pipeline: stages that can run at once.
export interface Column {
  readonly level: number
  readonly stages: readonly PipelineStage[]
}

// Layout is a pipeline as it is drawn.
export interface Layout {
  readonly columns: readonly Column[]
  // The stage that undoes the others, once it is wanted, and the stage it is drawn under.
  readonly rollback: PipelineStage | undefined
  readonly under: string
}

// layoutOf puts each stage one column after the last stage it requires. What it
// requires and is not there counts as nothing; a circle is cut where it closes.
export function layoutOf(stages: readonly PipelineStage[]): Layout {
  const shown = stages.filter(s => s.visible && !s.rollback).sort((a, b) => a.index - b.index)
  const rollback = stages.find(s => s.rollback && (s.visible || isStarted(s)))
  const levels = levelsOf(shown)
  const columns: { level: number; stages: PipelineStage[] }[] = []
  for (const s of shown) {
    const level = levels.get(s.id) ?? 0
    const column = columns.find(c => c.level === level)
    if (column) column.stages.push(s)
    else columns.push({ level, stages: [s] })
  }
  columns.sort((a, b) => a.level - b.level)
  return { columns, rollback, under: rollback ? (stopped(shown)?.id ?? '') : '' }
}

function levelsOf(stages: readonly PipelineStage[]): Map<string, number> {
  const byId = new Map(stages.map(s => [s.id, s]))
  const levels = new Map<string, number>()
  // Without recursion: a pipeline may be long. A stage is settled when those it requires are.
  const open = new Set<string>()
  for (const first of stages) {
    const stack = [first]
    while (stack.length > 0) {
      const s = stack.at(-1)
      if (!s) break
      const wanted = s.requires.filter(id => byId.has(id) && id !== s.id)
      const next = wanted.find(id => !levels.has(id) && !open.has(id))
      const nextStage = next === undefined ? undefined : byId.get(next)
      open.add(s.id)
      if (nextStage) {
        stack.push(nextStage)
        continue
      }
      levels.set(s.id, Math.max(-1, ...wanted.map(id => levels.get(id) ?? -1)) + 1)
      stack.pop()
    }
  }
  return levels
}

// stopped is the stage at which a pipeline ended early: the one that failed or
// was cancelled, else the last that began.
export function stopped(stages: readonly PipelineStage[]): PipelineStage | undefined {
  const work = stages.filter(s => !s.rollback)
  return (
    work.findLast(s => s.status === StageStatus.STAGE_FAILURE) ??
    work.findLast(s => s.status === StageStatus.STAGE_CANCELLED && startOf(s) !== undefined) ??
    work.findLast(isStarted)
  )
}

export function isStarted(s: PipelineStage): boolean {
  return s.status !== StageStatus.STAGE_NOT_STARTED_YET && !(isOver(s) && startOf(s) === undefined)
}

export function isOver(s: PipelineStage): boolean {
  return s.status > StageStatus.STAGE_RUNNING
}

// startOf is when the stage began, in milliseconds; the agent notes it.
export function startOf(s: PipelineStage): number | undefined {
  const seconds = Number(s.metadata.startTime ?? '')
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined
}

// inOrder is the order in which people go through the stages: as drawn, the
// rollback after the stage that it is under.
export function inOrder(layout: Layout): PipelineStage[] {
  const all = layout.columns.flatMap(c => [...c.stages])
  if (!layout.rollback) return all
  const at = all.findIndex(s => s.id === layout.under)
  all.splice(at < 0 ? all.length : at + 1, 0, layout.rollback)
  return all
}
