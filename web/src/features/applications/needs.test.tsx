import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { ApplicationSyncStatus, DeploymentStatus, ManualOperation, StageStatus } from '~/gen/model/model_pb'
import { ApplicationSchema, type DeploymentBriefSchema } from '~/gen/pipecd/web/v1/application_pb'
import { needsOf } from './needs'

const A = ApplicationSyncStatus
const D = DeploymentStatus

interface More {
  reason?: string
  disabled?: boolean
  latest?: MessageInitShape<typeof DeploymentBriefSchema>
  at?: bigint
}

const app = (
  name: string,
  status: ApplicationSyncStatus,
  { reason = '', disabled = false, latest, at = 1n }: More = {},
) =>
  create(ApplicationSchema, {
    application: {
      id: name,
      name,
      disabled,
      deploying: latest?.status === D.DEPLOYMENT_RUNNING,
      syncState: { status, reason, timestamp: at },
    },
    ...(latest && { latest }),
  })

const waits = {
  id: 'd1',
  status: D.DEPLOYMENT_RUNNING,
  stages: [{ id: 's', status: StageStatus.STAGE_RUNNING, operation: ManualOperation.APPROVE }],
}
const failed = { id: 'd2', status: D.DEPLOYMENT_FAILURE, completedAt: 5n }

describe('what needs a person', () => {
  it('is also Git that cannot be read, with its reason only', () => {
    const apps = [app('away', A.UNKNOWN, { reason: 'no answer' }), app('new', A.UNKNOWN)]
    expect(needsOf(apps).map(n => [n.app.application?.name, n.reason])).toEqual([['away', 'unreadable']])
  })

  it('comes in the order of its urgency, the newest first', () => {
    const needs = needsOf([
      app('fine', A.SYNCED),
      app('differs', A.OUT_OF_SYNC),
      app('wrong', A.INVALID_CONFIG, { at: 1n }),
      app('wrong later', A.INVALID_CONFIG, { at: 2n }),
      app('failed', A.SYNCED, { latest: failed }),
      app('waits', A.SYNCED, { latest: waits }),
    ])
    expect(needs.map(n => [n.app.application?.name, n.reason, n.deploymentId])).toEqual([
      ['waits', 'approval', 'd1'],
      ['failed', 'failed', 'd2'],
      ['wrong later', 'invalid', undefined],
      ['wrong', 'invalid', undefined],
      ['differs', 'outOfSync', undefined],
    ])
  })

  it('is the failure when a failed deployment left a difference', () => {
    expect(needsOf([app('a', A.OUT_OF_SYNC, { latest: failed })])[0]?.reason).toBe('failed')
  })

  it('is nothing while a deployment works', () => {
    const works = {
      ...waits,
      stages: [{ id: 's', status: StageStatus.STAGE_RUNNING, operation: ManualOperation.SKIP }],
    }
    expect(needsOf([app('a', A.OUT_OF_SYNC, { latest: works })])).toEqual([])
  })

  it('is nothing of a disabled application, but for a deployment that waits', () => {
    expect(needsOf([app('a', A.INVALID_CONFIG, { disabled: true })])).toEqual([])
    expect(needsOf([app('a', A.SYNCED, { disabled: true, latest: waits })])).toHaveLength(1)
  })
})
