import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { ManualOperation, PipelineStageSchema, StageStatus } from '~/gen/model/model_pb'
import { currentStage, glancesOf, progressOf, type StageGlance, ticksOf } from './glance'

const S = StageStatus
const stage = (id: string, status: StageStatus, operation = ManualOperation.NONE): StageGlance => ({
  id,
  name: id.toUpperCase(),
  status,
  operation,
})

describe('glances', () => {
  it('are the visible stages in the order of the pipeline', () => {
    const of = (id: string, index: number, visible = true) =>
      create(PipelineStageSchema, { id, index, visible, availableOperation: ManualOperation.SKIP })
    const stages = [of('b', 1), of('hidden', 2, false), of('a', 0)]
    expect(glancesOf(stages).map(s => s.id)).toEqual(['a', 'b'])
    expect(glancesOf(stages)[0]?.operation).toBe(ManualOperation.SKIP)
    expect(stages.map(s => s.id)).toEqual(['b', 'hidden', 'a']) // untouched
  })

  it('count what did what it should', () => {
    const all = [S.STAGE_SUCCESS, S.STAGE_SKIPPED, S.STAGE_FAILURE, S.STAGE_CANCELLED, S.STAGE_RUNNING]
    expect(progressOf(all.map((s, i) => stage(`${i}`, s)))).toEqual({ done: 2, all: 5 })
  })

  it('do not count a rollback as a step', () => {
    const failed = [stage('a', S.STAGE_SUCCESS), stage('b', S.STAGE_FAILURE), stage('rollback', S.STAGE_SUCCESS)]
    expect(progressOf(failed)).toEqual({ done: 1, all: 2 })
  })

  it('name the stage that waits for people before one that works beside it', () => {
    const working = stage('work', S.STAGE_RUNNING)
    const waiting = stage('wait', S.STAGE_RUNNING, ManualOperation.APPROVE)
    expect(currentStage([working, waiting])?.id).toBe('wait')
    expect(currentStage([stage('a', S.STAGE_SUCCESS), working])?.id).toBe('work')
    expect(currentStage([stage('later', S.STAGE_NOT_STARTED_YET, ManualOperation.APPROVE)])).toBeUndefined()
  })
})

describe('ticks', () => {
  const line = (done: number, open: number) => [
    ...Array.from({ length: done }, (_, i) => stage(`d${i}`, S.STAGE_SUCCESS)),
    ...Array.from({ length: open }, (_, i) => stage(`o${i}`, S.STAGE_NOT_STARTED_YET)),
  ]

  it('are the stages while there is room', () => {
    expect(ticksOf(line(10, 14))).toHaveLength(24)
  })

  it('fold what is done at the beginning of a long pipeline', () => {
    const ticks = ticksOf(line(50, 10))
    expect(ticks).toHaveLength(24)
    expect(ticks[0]).toEqual({ id: 'folded', folded: 37 })
  })

  it('never fold what is still to come', () => {
    const ticks = ticksOf(line(3, 40))
    expect(ticks.filter(t => !('folded' in t))).toHaveLength(40)
    expect(ticks[0]).toEqual({ id: 'folded', folded: 3 })
    expect(ticksOf(line(0, 40))).toHaveLength(40)
  })
})
