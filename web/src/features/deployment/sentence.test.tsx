import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import {
  DeploymentSchema,
  DeploymentStatus,
  ManualOperation,
  PipelineStageSchema,
  StageStatus,
} from '~/gen/model/model_pb'
import { en } from '~/i18n/en'
import { newFormats } from '~/i18n/format'
import { ja } from '~/i18n/ja'
import { beforeOf } from './before'
import { sentenceOf } from './sentence'
import { deploymentTab } from './tab'

const S = StageStatus
const D = DeploymentStatus
type StageInit = MessageInitShape<typeof PipelineStageSchema>

const start = { startTime: '100' }
const canary: StageInit = { id: '0', name: 'ECS_CANARY_ROLLOUT', status: S.STAGE_SUCCESS, metadata: start }
const routing: StageInit = {
  id: '1',
  index: 1,
  name: 'ECS_TRAFFIC_ROUTING',
  status: S.STAGE_SUCCESS,
  metadata: { ...start, 'canary-percentage': '10' },
}
const analysis = (status: StageStatus, metadata: Record<string, string> = {}): StageInit => ({
  id: '2',
  index: 2,
  name: 'ANALYSIS',
  status,
  availableOperation: ManualOperation.SKIP,
  metadata: { ...start, ...metadata },
})
const rollback = (status: StageStatus): StageInit => ({
  id: 'Rollback',
  name: 'ROLLBACK',
  rollback: true,
  status,
  metadata: status === S.STAGE_NOT_STARTED_YET || status === S.STAGE_CANCELLED ? {} : start,
})

const foundNothing = { ...rollback(S.STAGE_SUCCESS), metadata: { ...start, 'nothing-changed': 'true' } }

const deployment = (status: DeploymentStatus, stages: StageInit[] = []) =>
  create(DeploymentSchema, {
    id: 'd',
    applicationName: 'shop',
    status,
    versions: [{ version: 'v2' }],
    stages: stages.map(s => create(PipelineStageSchema, { visible: !s.rollback, ...s })),
    createdAt: 100n,
    completedAt: status >= D.DEPLOYMENT_SUCCESS ? 127n : 0n,
  })

const facts = { piped: 'tokyo', before: 'v1', now: 160_000, offline: false }
const say = (d: ReturnType<typeof deployment>, t = en, locale: 'en' | 'ja' = 'en') =>
  sentenceOf(d, facts, t, newFormats(locale, 'UTC'))

describe('the sentence', () => {
  it.each([
    ['waits for its plan', deployment(D.DEPLOYMENT_PENDING), 'Waiting for piped tokyo to plan it.'],
    ['waits for its turn', deployment(D.DEPLOYMENT_PLANNED), 'v2 is planned and starts when its turn comes.'],
    [
      'tells the share and what is left',
      deployment(D.DEPLOYMENT_RUNNING, [canary, routing, analysis(S.STAGE_RUNNING, { duration: '5m0s' })]),
      'v2 is taking 10% of traffic; ANALYSIS is running, about 4 m left.',
    ],
    [
      'tells that there is no traffic yet',
      deployment(D.DEPLOYMENT_RUNNING, [{ ...canary, status: S.STAGE_RUNNING }]),
      'v2 gets no traffic yet; ECS_CANARY_ROLLOUT is running.',
    ],
    [
      'tells who is waited for',
      deployment(D.DEPLOYMENT_RUNNING, [
        routing,
        {
          id: '2',
          index: 2,
          name: 'WAIT_APPROVAL',
          status: S.STAGE_RUNNING,
          availableOperation: ManualOperation.APPROVE,
          authorizedOperators: ['ann', 'bob'],
          metadata: start,
        },
      ]),
      'v2 is taking 10% of traffic; WAIT_APPROVAL needs 1 more approval, from ann and bob.',
    ],
    [
      'tells of a rollback under way',
      deployment(D.DEPLOYMENT_ROLLING_BACK, [routing, analysis(S.STAGE_FAILURE), rollback(S.STAGE_RUNNING)]),
      'ANALYSIS failed; v2 is being rolled back; v1 is getting its traffic back.',
    ],
    [
      'tells of one that is done',
      deployment(D.DEPLOYMENT_FAILURE, [routing, analysis(S.STAGE_FAILURE), rollback(S.STAGE_SUCCESS)]),
      'ANALYSIS failed; v2 was rolled back; v1 has all the traffic again.',
    ],
    [
      'tells of one that had nothing to undo',
      deployment(D.DEPLOYMENT_FAILURE, [{ ...canary, status: S.STAGE_FAILURE }, foundNothing]),
      'ECS_CANARY_ROLLOUT failed before anything was changed; v1 still has all the traffic.',
    ],
    [
      'tells that nothing was changed before it was cancelled',
      deployment(D.DEPLOYMENT_CANCELLED, [{ ...canary, status: S.STAGE_CANCELLED }, foundNothing]),
      'Cancelled before anything was changed; v1 still has all the traffic.',
    ],
    [
      'tells of one that failed',
      deployment(D.DEPLOYMENT_FAILURE, [routing, analysis(S.STAGE_FAILURE), rollback(S.STAGE_FAILURE)]),
      'ANALYSIS failed; the rollback did not finish: look at the service now.',
    ],
    [
      'tells what stays when nothing is undone',
      deployment(D.DEPLOYMENT_CANCELLED, [routing, analysis(S.STAGE_CANCELLED), rollback(S.STAGE_CANCELLED)]),
      'Cancelled; nothing was undone: v2 keeps 10% of traffic.',
    ],
    [
      'tells that nothing had begun',
      deployment(D.DEPLOYMENT_CANCELLED, [{ ...canary, status: S.STAGE_CANCELLED, metadata: {} }]),
      'Cancelled; nothing of v2 was started.',
    ],
    [
      'tells of success',
      deployment(D.DEPLOYMENT_SUCCESS, [
        canary,
        routing,
        { ...canary, id: '3', name: 'ECS_PRIMARY_ROLLOUT', index: 3 },
      ]),
      'v2 has all the traffic; 3 stages took 27 s.',
    ],
  ])('%s', (_, d, want) => {
    expect(say(d)).toBe(want)
    expect(say(d, ja, 'ja')).toMatch(/[ぁ-ん].*。$/)
  })
})

describe('the sentence about a version that was deployed again', () => {
  const again = (d: ReturnType<typeof deployment>, t = en) =>
    sentenceOf(d, { ...facts, before: 'v2' }, t, newFormats('en', 'UTC'))
  const failed = (to: StageStatus, status: DeploymentStatus) =>
    deployment(status, [routing, analysis(S.STAGE_FAILURE), rollback(to)])

  it.each([
    [
      failed(S.STAGE_SUCCESS, D.DEPLOYMENT_FAILURE),
      'ANALYSIS failed; v2 was deployed again and rolled back; its earlier tasks have all the traffic again.',
    ],
    [
      failed(S.STAGE_RUNNING, D.DEPLOYMENT_ROLLING_BACK),
      'ANALYSIS failed; v2 was deployed again and is being rolled back.',
    ],
    [
      deployment(D.DEPLOYMENT_FAILURE, [{ ...canary, status: S.STAGE_FAILURE }, foundNothing]),
      'ECS_CANARY_ROLLOUT failed before anything was changed; v2 still has all the traffic.',
    ],
  ])('does not tell it apart by its name', (d, want) => {
    expect(again(d)).toBe(want)
    expect(again(d, ja)).toMatch(/[ぁ-ん].*。$/)
  })
})

it('does not go on by the clock while the agent is away', () => {
  const d = deployment(D.DEPLOYMENT_RUNNING, [canary, routing, analysis(S.STAGE_RUNNING, { duration: '5m0s' })])
  expect(sentenceOf(d, { ...facts, offline: true }, en, newFormats('en', 'UTC'))).toBe(
    'v2 is taking 10% of traffic; ANALYSIS was running when its piped was last seen.',
  )
})

describe('the version before', () => {
  const other = (id: string, hash: string, status: DeploymentStatus, createdAt: bigint) =>
    create(DeploymentSchema, { id, status, createdAt, trigger: { commit: { hash } } })
  const d = create(DeploymentSchema, { id: 'd', runningCommitHash: 'aaa', createdAt: 100n })

  it('is of the last success of the commit that ran', () => {
    const list = [
      other('later', 'aaa', D.DEPLOYMENT_SUCCESS, 200n),
      other('failed', 'aaa', D.DEPLOYMENT_FAILURE, 90n),
      other('it', 'aaa', D.DEPLOYMENT_SUCCESS, 80n),
      other('old', 'aaa', D.DEPLOYMENT_SUCCESS, 70n),
    ]
    expect(beforeOf(d, list)?.id).toBe('it')
    expect(beforeOf(create(DeploymentSchema, { id: 'd' }), list)).toBeUndefined()
  })
})

describe('the tab', () => {
  it('begins with the state', () => {
    const f = newFormats('en', 'UTC')
    expect(deploymentTab(deployment(D.DEPLOYMENT_RUNNING, [routing]), false, en, f)).toBe('◐ Running 10% · shop v2')
    expect(deploymentTab(deployment(D.DEPLOYMENT_FAILURE), false, en, f)).toBe('✕ Failure · shop v2')
    expect(deploymentTab(deployment(D.DEPLOYMENT_RUNNING), true, en, f)).toMatch(/^● Waiting for approval/)
  })
})
