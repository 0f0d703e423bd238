import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { ManualOperation, PipelineStageSchema, StageStatus } from '~/gen/model/model_pb'
import { en } from '~/i18n/en'
import { newFormats } from '~/i18n/format'
import { approvalsOf, durationOf, purposeOf, timingOf } from './facts'
import { inOrder, layoutOf } from './levels'
import { planOf, shareNow, sharesOf } from './traffic'

const { STAGE_SUCCESS: ok, STAGE_FAILURE: bad, STAGE_RUNNING: run, STAGE_CANCELLED: off } = StageStatus

const stage = (id: string, init: MessageInitShape<typeof PipelineStageSchema> = {}) =>
  create(PipelineStageSchema, { id, name: id, visible: !init.rollback, ...init })

const begun = { startTime: '100' }

describe('the levels of a pipeline', () => {
  const ids = (stages: Parameters<typeof layoutOf>[0]) => layoutOf(stages).columns.map(c => c.stages.map(s => s.id))

  it('are columns, with what can run at once in one', () => {
    expect(
      ids([
        stage('d', { index: 3, requires: ['b', 'c'] }),
        stage('a'),
        stage('c', { index: 2, requires: ['a'] }),
        stage('b', { index: 1, requires: ['a'] }),
      ]),
    ).toEqual([['a'], ['b', 'c'], ['d']])
  })

  it('go by the longest way', () => {
    expect(
      ids([stage('a'), stage('b', { index: 1, requires: ['a'] }), stage('c', { index: 2, requires: ['a', 'b'] })]),
    ).toEqual([['a'], ['b'], ['c']])
  })

  it('stand circles and what is not there', () => {
    const columns = ids([
      stage('a', { requires: ['b', 'gone'] }),
      stage('b', { index: 1, requires: ['a'] }),
      stage('c', { index: 2, requires: ['c'] }),
    ])
    expect(columns.flat().sort()).toEqual(['a', 'b', 'c'])
  })

  it('of a long pipeline are found at once', () => {
    const many = Array.from({ length: 5000 }, (_, i) =>
      stage(`s${i}`, { index: i, requires: i > 0 ? [`s${i - 1}`] : [] }),
    )
    expect(layoutOf(many.toReversed()).columns).toHaveLength(5000)
  })

  it('put the rollback under the stage that failed, once it is wanted', () => {
    const stages = [
      stage('a', { status: ok, metadata: begun }),
      stage('b', { index: 1, requires: ['a'], status: bad, metadata: begun }),
      stage('c', { index: 2, requires: ['b'], status: off }),
      stage('undo', { rollback: true }),
    ]
    expect(layoutOf(stages).rollback).toBeUndefined()
    const wanted = [...stages.slice(0, 3), stage('undo', { rollback: true, status: run, metadata: begun })]
    expect(layoutOf(wanted).under).toBe('b')
    expect(inOrder(layoutOf(wanted)).map(s => s.id)).toEqual(['a', 'b', 'undo', 'c'])
  })
})

describe('the share of traffic', () => {
  const at = (
    name: string,
    index: number,
    planned: number,
    status: StageStatus,
    metadata: Record<string, string> = {},
    more = {},
  ) =>
    stage(`${index}`, {
      name,
      index,
      status,
      metadata: { ...(status ? begun : {}), 'planned-canary-percentage': `${planned}`, ...metadata },
      ...more,
    })
  const none = StageStatus.STAGE_NOT_STARTED_YET
  const shares = (stages: Parameters<typeof sharesOf>[0]) =>
    [...sharesOf(stages).values()].map(s => [s.planned, s.actual, s.observed, s.mismatch])

  it('follows what finished stages do, and leaves open what has not begun', () => {
    const stages = [
      at('ECS_CANARY_ROLLOUT', 0, 0, ok),
      at('ECS_TRAFFIC_ROUTING', 1, 20, ok, { 'canary-percentage': '20' }),
      at('ANALYSIS', 2, 20, run),
      at('ECS_PRIMARY_ROLLOUT', 3, 100, none),
    ]
    expect(shares(stages)).toEqual([
      [0, 0, false, false],
      [20, 20, false, false],
      [20, 20, false, false],
      [100, undefined, false, false],
    ])
    expect(shareNow(stages)).toBe(20)
  })

  it('is all once the new version is the primary, whatever the groups are given', () => {
    const stages = [
      at('ECS_PRIMARY_ROLLOUT', 0, 100, ok),
      at('ECS_TRAFFIC_ROUTING', 1, 100, ok, { 'canary-percentage': '0' }),
    ]
    expect(shareNow(stages)).toBe(100)
  })

  it('is what was read at the load balancer, and says when that is not what was planned', () => {
    const stages = [
      at('ECS_TRAFFIC_ROUTING', 0, 20, ok, { 'canary-percentage': '20', 'observed-canary-percentage': '0' }),
      at('ANALYSIS', 1, 20, run),
    ]
    expect(shares(stages)).toEqual([
      [20, 0, true, true],
      [20, 0, false, false],
    ])
  })

  it('is no mismatch while the stage still works, nor where nobody looked', () => {
    const running = [at('ECS_TRAFFIC_ROUTING', 0, 20, run, { 'observed-canary-percentage': '0' })]
    expect(sharesOf(running).get('0')?.mismatch).toBe(false)
    expect(sharesOf([at('ECS_TRAFFIC_ROUTING', 0, 20, bad)]).get('0')?.mismatch).toBe(false)
  })

  it('is nothing after a rollback, whose index is the lowest', () => {
    const stages = [
      at('ROLLBACK', 0, 0, ok, {}, { id: 'undo', rollback: true }),
      at('ECS_TRAFFIC_ROUTING', 1, 20, ok, { 'canary-percentage': '20' }),
    ]
    expect(shareNow(stages)).toBe(0)
  })

  it('is planned only where a stage can still do, or did, what it was meant to', () => {
    const failed = [
      at('ECS_TRAFFIC_ROUTING', 0, 20, ok),
      at('ANALYSIS', 1, 20, bad),
      at('ECS_PRIMARY_ROLLOUT', 2, 100, none),
    ]
    const undo = at('ROLLBACK', 0, 0, run, {}, { id: 'undo', rollback: true })
    const plans = (stages: typeof failed) => stages.slice(0, 3).map(s => planOf(s, stages))
    expect(plans(failed)).toEqual(['hatched', 'none', 'hatched'])
    expect(plans([...failed, undo])).toEqual(['hatched', 'none', 'never'])
    const cancelled = stage('x', { status: StageStatus.STAGE_CANCELLED })
    expect(planOf(cancelled, [cancelled])).toBe('never')
    const waits = at('ROLLBACK', 0, 0, none, {}, { rollback: true })
    expect(planOf(at('WAIT', 0, 0, none), [waits])).toBe('hatched')
    const running = at('ECS_SYNC', 0, 100, run)
    expect(planOf(running, [running])).toBe('hatched')
  })

  it.each(['101', '-1', '', 'x', '1e2'])('is not %j', text => {
    expect(
      sharesOf([stage('a', { metadata: { 'planned-canary-percentage': text } })]).get('a')?.planned,
    ).toBeUndefined()
  })
})

describe('what a stage is for', () => {
  const f = newFormats('en', 'UTC')
  it.each([
    ['ECS_CANARY_ROLLOUT', { 'canary-scale': '30' }, 'Canary of 30%'],
    ['ECS_TRAFFIC_ROUTING', { 'planned-canary-percentage': '10' }, '10% to the new version'],
    ['ECS_BASELINE_ROLLOUT', { 'baseline-scale': '30' }, 'Baseline of 30%'],
    ['ECS_BASELINE_CLEAN', {}, 'Remove the baseline'],
    ['SCRIPT_RUN', {}, 'Run a script'],
    ['ANALYSIS', { duration: '10m0s' }, 'Measure for 10 m'],
    ['ANALYSIS', {}, 'Measure the new version'],
    ['WAIT', { duration: '1m30s' }, 'Wait 1 m 30 s'],
    ['WAIT_APPROVAL', { Approvers: 'ann,bob', 'min-approver-num': '2' }, '2 approvals, of ann and bob'],
    ['OTHER', {}, ''],
  ])('%s %j', (name, metadata, want) => {
    expect(purposeOf(stage('x', { name, metadata: metadata as Record<string, string> }), en, f)).toBe(want)
  })

  it('is what the file says, when it says something', () => {
    expect(purposeOf(stage('x', { name: 'WAIT', desc: 'Let caches warm' }), en, f)).toBe('Let caches warm')
  })

  it('counts who approved and who is missing', () => {
    const s = stage('x', {
      name: 'WAIT_APPROVAL',
      status: run,
      availableOperation: ManualOperation.APPROVE,
      authorizedOperators: ['ann', 'bob', 'kim'],
      metadata: { ApprovedBy: 'ann', 'min-approver-num': '3' },
    })
    expect(approvalsOf(s)).toEqual({
      may: ['ann', 'bob', 'kim'],
      left: ['bob', 'kim'],
      by: ['ann'],
      wanted: 3,
      missing: 2,
    })
    expect(purposeOf(s, en, f)).toBe('2 approvals, of bob and kim')
  })
})

describe('durations', () => {
  it.each([
    ['1h2m3.5s', 3_723_500],
    ['10m0s', 600_000],
    ['90s', 90_000],
    ['250ms', 250],
    ['', undefined],
    ['10', undefined],
    ['soon', undefined],
  ])('%s', (text, want) => {
    expect(durationOf(text)).toBe(want)
  })

  it('say how much is left, never less than nothing', () => {
    const s = stage('x', { status: run, metadata: { startTime: '100', duration: '10s' } })
    expect(timingOf(s, 104_000)).toEqual({ left: 6000, done: 0.4 })
    expect(timingOf(s, 190_000)).toEqual({ left: 0, done: 1 })
    expect(timingOf(stage('x', { status: ok, metadata: s.metadata }), 104_000)).toBeUndefined()
  })
})
