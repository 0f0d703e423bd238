import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { type Deployment, DeploymentSchema, DeploymentStatus, StageStatus } from '~/gen/model/model_pb'
import { activeFilters, requestOf } from './filters'
import { byDay, canaryShare, versionsBefore } from './rows'

const success = DeploymentStatus.DEPLOYMENT_SUCCESS
const failure = DeploymentStatus.DEPLOYMENT_FAILURE
const running = DeploymentStatus.DEPLOYMENT_RUNNING

function deployment(id: string, version: string, status: DeploymentStatus, app = 'a', createdAt = 1n): Deployment {
  return create(DeploymentSchema, { id, applicationId: app, versions: [{ version }], status, createdAt })
}

describe('the version before', () => {
  it('is that of the last success below, of the same application', () => {
    const list = [
      deployment('5', 'v3', running),
      deployment('4', 'v2', failure),
      deployment('3', 'w1', success, 'b'),
      deployment('2', 'v1', success),
      deployment('1', 'unknown', success),
    ]
    expect([...versionsBefore(list)]).toEqual([
      ['4', 'v1'],
      ['5', 'v1'],
    ])
  })
})

describe('days', () => {
  it('keep the order and what belongs together', () => {
    const list = [3n, 2n, 1n].map(at => deployment(String(at), 'v', success, 'a', at))
    const days = byDay(list, ms => (ms > 1500 ? 'today' : 'yesterday'))
    expect(days.map(d => [d.day, d.deployments.map(x => x.id)])).toEqual([
      ['today', ['3', '2']],
      ['yesterday', ['1']],
    ])
  })
})

describe('the share of the new version', () => {
  const stages = (...of: [StageStatus, string][]) =>
    of.map(([status, share], index) => ({
      id: String(index),
      index,
      status,
      metadata: { 'planned-canary-percentage': share },
    }))
  const S = StageStatus
  // As on the wire: its index says nothing.
  const rollback = { ...stages([S.STAGE_SUCCESS, '0'])[0], id: 'Rollback', rollback: true }
  it.each([
    ['before any', running, stages([S.STAGE_RUNNING, '20']), undefined],
    ['after routing', running, stages([S.STAGE_SUCCESS, '0'], [S.STAGE_SUCCESS, '20'], [S.STAGE_RUNNING, '20']), 20],
    ['when nothing was routed', running, stages([S.STAGE_SUCCESS, '0']), undefined],
    ['when it is over', success, stages([S.STAGE_SUCCESS, '100']), undefined],
    ['once it is taken back', running, [rollback, ...stages([S.STAGE_SUCCESS, '20'])], undefined],
  ] as const)('%s', (_, status, list, want) => {
    expect(canaryShare(create(DeploymentSchema, { id: '1', status, stages: [...list] }))).toBe(want)
  })
})

describe('filters', () => {
  it('are dropped one by one', () => {
    const all = activeFilters({ applicationName: 'x', status: 'DEPLOYMENT_FAILURE', labels: ['a:1', 'b:2'] })
    expect(all.map(f => f.without)).toEqual([
      { status: 'DEPLOYMENT_FAILURE', labels: ['a:1', 'b:2'] },
      { applicationName: 'x', labels: ['a:1', 'b:2'] },
      { applicationName: 'x', status: 'DEPLOYMENT_FAILURE', labels: ['b:2'] },
      { applicationName: 'x', status: 'DEPLOYMENT_FAILURE', labels: ['a:1'] },
    ])
  })

  it('become the request of the contract', () => {
    expect(requestOf({ kind: 'ECS', status: 'DEPLOYMENT_RUNNING', labels: ['a:1', 'nonsense'] }, 50)).toEqual({
      applicationId: '',
      applicationName: '',
      kinds: [5],
      statuses: [2],
      labels: { a: '1' },
      pageSize: 50,
    })
  })
})
