import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { ApplicationSyncStatus, DeploymentStatus, ManualOperation, StageStatus } from '~/gen/model/model_pb'
import { ApplicationSchema, type DeploymentBriefSchema } from '~/gen/pipecd/web/v1/application_pb'
import { en } from '~/i18n/en'
import { newFormats } from '~/i18n/format'
import { sentenceOf } from './sentence'

const A = ApplicationSyncStatus
const D = DeploymentStatus
type Brief = MessageInitShape<typeof DeploymentBriefSchema>

interface Case {
  live?: string
  status?: ApplicationSyncStatus
  reason?: string
  disabled?: boolean
  latest?: Brief
}

function says({ live, status = A.SYNCED, reason = '', disabled = false, latest }: Case): string {
  const app = create(ApplicationSchema, {
    application: {
      id: 'a',
      disabled,
      deploying: latest?.status !== undefined && latest.status < D.DEPLOYMENT_SUCCESS,
      syncState: { status, reason },
      ...(live !== undefined && { mostRecentlySuccessfulDeployment: { versions: [{ version: live }] } }),
    },
    ...(latest && { latest }),
  })
  return sentenceOf(app, en, newFormats('en')).text
}

const stages = [
  { id: '1', name: 'ECS_CANARY_ROLLOUT', status: StageStatus.STAGE_SUCCESS },
  { id: '2', name: 'ANALYSIS', status: StageStatus.STAGE_RUNNING, operation: ManualOperation.SKIP },
  { id: '3', name: 'ECS_CANARY_CLEAN', status: StageStatus.STAGE_NOT_STARTED_YET },
]
const waiting = [
  { id: '1', name: 'WAIT_APPROVAL', status: StageStatus.STAGE_RUNNING, operation: ManualOperation.APPROVE },
]
const running = { id: 'd', status: D.DEPLOYMENT_RUNNING, version: 'v2' }

describe('the sentence', () => {
  it.each<[string, Case, string]>([
    ['live', { live: 'v1' }, 'v1 is live, as Git says.'],
    ['state not known', { live: 'v1', status: A.UNKNOWN }, 'v1 is live.'],
    [
      'Git cannot be read',
      { live: 'v1', status: A.UNKNOWN, reason: 'the remote does not answer' },
      'v1 is live. Whether that is what Git says is not known: Git cannot be read.',
    ],
    ['Git cannot be read, new', { status: A.UNKNOWN, reason: 'no' }, 'Not deployed yet: Git cannot be read.'],
    ['differs', { live: 'v1', status: A.OUT_OF_SYNC }, 'v1 is live, but what runs differs from Git.'],
    ['a version without a name', { live: '' }, 'What runs is live, as Git says.'],
    ['disabled', { live: 'v1', disabled: true }, 'Disabled: v1 stays as it is, and nothing deploys.'],
    ['disabled from the beginning', { disabled: true }, 'Disabled: nothing deploys.'],
    ['wrong file, new', { status: A.INVALID_CONFIG }, 'Not deployed yet: the configuration in Git cannot be used.'],
    [
      'wrong file',
      { live: 'v1', status: A.INVALID_CONFIG },
      'The configuration in Git cannot be used. v1 stays live until it is repaired.',
    ],
    ['about to begin', { latest: { ...running, status: D.DEPLOYMENT_PENDING } }, 'A deployment is about to begin.'],
    [
      'about to begin again',
      { live: 'v1', latest: { ...running, status: D.DEPLOYMENT_PLANNED } },
      'A deployment is about to begin. v1 is live.',
    ],
    ['a stage works', { live: 'v1', latest: { ...running, stages } }, 'v2 is being deployed: ANALYSIS, stage 2 of 3.'],
    [
      'a stage works, with traffic',
      { live: 'v1', latest: { ...running, stages, canaryPercent: 10 } },
      'v2 is taking 10% of traffic: ANALYSIS, stage 2 of 3.',
    ],
    [
      'no share is not told',
      { latest: { ...running, stages, canaryPercent: 0 } },
      'v2 is being deployed: ANALYSIS, stage 2 of 3.',
    ],
    ['between two stages', { latest: { ...running, canaryPercent: 20 } }, 'v2 is taking 20% of traffic.'],
    ['before the first stage', { latest: running }, 'v2 is being deployed.'],
    ['waits for approval', { latest: { ...running, stages: waiting } }, 'v2 waits for approval.'],
    [
      'waits for approval, with traffic',
      { latest: { ...running, stages: waiting, canaryPercent: 20 } },
      'v2 takes 20% of traffic and waits for approval.',
    ],
    [
      'rolls back',
      { live: 'v1', latest: { ...running, status: D.DEPLOYMENT_ROLLING_BACK } },
      'v2 is being rolled back to v1.',
    ],
    [
      'rolls the same version back',
      { live: 'v2', latest: { ...running, status: D.DEPLOYMENT_ROLLING_BACK } },
      'v2 is being rolled back.',
    ],
    ['rolls the first back', { latest: { ...running, status: D.DEPLOYMENT_ROLLING_BACK } }, 'v2 is being rolled back.'],
    [
      'failed',
      { live: 'v1', latest: { ...running, status: D.DEPLOYMENT_FAILURE } },
      'The deployment of v2 failed. v1 is live.',
    ],
    [
      'failed again with the same',
      { live: 'v2', latest: { ...running, status: D.DEPLOYMENT_FAILURE } },
      'The last deployment, of v2 again, failed. v2 is live.',
    ],
    [
      'the first failed',
      { latest: { ...running, version: '', status: D.DEPLOYMENT_FAILURE } },
      'The deployment of the new version failed. Nothing has been deployed before it.',
    ],
    [
      'cancelled',
      { live: 'v1', latest: { ...running, status: D.DEPLOYMENT_CANCELLED } },
      'The deployment of v2 was cancelled. v1 is live.',
    ],
  ])('%s', (_, given, want) => {
    expect(says(given)).toBe(want)
  })

  it('tells a running deployment even when the application was disabled meanwhile', () => {
    expect(says({ live: 'v1', disabled: true, latest: { ...running, stages } })).toContain('v2 is being deployed')
  })
})
