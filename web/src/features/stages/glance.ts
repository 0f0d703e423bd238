import { ManualOperation, type PipelineStage, StageStatus } from '~/gen/model/model_pb'

// StageGlance is what one tick shows of a stage. A StageBrief of the contract is one.
export interface StageGlance {
  readonly id: string
  readonly name: string
  readonly status: StageStatus
  readonly operation: ManualOperation
}

// glancesOf turns a deployment's stages into glances: those that people see, in
// the order of the pipeline; the rollback, which runs after the others, last.
export function glancesOf(stages: readonly PipelineStage[]): StageGlance[] {
  return stages
    .filter(s => s.visible)
    .sort((a, b) => Number(a.rollback) - Number(b.rollback) || a.index - b.index)
    .map(({ id, name, status, availableOperation }) => ({ id, name, status, operation: availableOperation }))
}

// isRollback holds for what undoes the others. It is no step of the way to the
// end, so it is not counted as one.
export function isRollback(s: Pick<StageGlance, 'name'>): boolean {
  return s.name === 'ROLLBACK'
}

// isDone holds for what will not change any more and did what it should.
function isDone(s: StageGlance): boolean {
  return s.status === StageStatus.STAGE_SUCCESS || s.status === StageStatus.STAGE_SKIPPED
}

// progressOf counts the steps of the pipeline, and those that are done.
export function progressOf(stages: readonly StageGlance[]): { done: number; all: number } {
  const steps = stages.filter(s => !isRollback(s))
  return { done: steps.filter(isDone).length, all: steps.length }
}

// currentStage is the stage that works or waits for people; none between two.
export function currentStage<S extends StageGlance>(stages: readonly S[]): S | undefined {
  return stages.find(waitsForApproval) ?? stages.find(s => s.status === StageStatus.STAGE_RUNNING)
}

export function waitsForApproval(s: StageGlance): boolean {
  return s.status === StageStatus.STAGE_RUNNING && s.operation === ManualOperation.APPROVE
}

// Tick is what is drawn: a stage, or how many were folded into one.
export type Tick = StageGlance | { readonly id: string; readonly folded: number }

const shownAtMost = 24

// ticksOf folds what is done at the beginning of a very long pipeline, so that
// what happens now stays in sight.
export function ticksOf(stages: readonly StageGlance[], most = shownAtMost): Tick[] {
  if (stages.length <= most) return [...stages]
  const firstOpen = stages.findIndex(s => !isDone(s))
  const done = firstOpen < 0 ? stages.length : firstOpen
  const fold = Math.min(done, stages.length - most + 1)
  if (fold < 2) return [...stages]
  return [{ id: 'folded', folded: fold }, ...stages.slice(fold)]
}
