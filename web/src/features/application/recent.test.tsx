import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { type DeploymentSchema, DeploymentStatus, StageStatus, DeploymentSchema as schema } from '~/gen/model/model_pb'
import { ApplicationSchema, type DeploymentBriefSchema } from '~/gen/pipecd/web/v1/application_pb'
import { en } from '~/i18n/en'
import { newFormats } from '~/i18n/format'
import { ja } from '~/i18n/ja'
import { aheadOf, versionBefore } from './recent'
import { sentenceOf } from './sentence'

const D = DeploymentStatus
const S = StageStatus

const app = (latest: MessageInitShape<typeof DeploymentBriefSchema>, live = 'v4') =>
  create(ApplicationSchema, {
    application: { id: 'a', deploying: true, mostRecentlySuccessfulDeployment: { versions: [{ version: live }] } },
    latest,
  })
const deployment = (id: string, status: DeploymentStatus, more: MessageInitShape<typeof DeploymentSchema> = {}) =>
  create(schema, { id, applicationId: 'a', status, ...more })

const routed = (id: string, index: number, name: string, status: StageStatus) => ({
  id,
  index,
  name,
  status,
  visible: true,
  metadata: { 'planned-canary-percentage': '20' },
})
const running = deployment('d2', D.DEPLOYMENT_RUNNING, {
  versions: [{ version: 'v5' }],
  stages: [
    routed('1', 0, 'ECS_TRAFFIC_ROUTING', S.STAGE_SUCCESS),
    routed('2', 1, 'ANALYSIS', S.STAGE_RUNNING),
    { id: 'r', name: 'ROLLBACK', rollback: true, visible: true },
  ],
})
const done = deployment('d1', D.DEPLOYMENT_SUCCESS, { versions: [{ version: 'v4' }] })
const waiting = { id: 'd3', status: D.DEPLOYMENT_PENDING }

describe('while a deployment waits for another', () => {
  const say = (recent: (typeof running)[], t = en) => {
    const a = app(waiting)
    return sentenceOf(a, t, newFormats('en'), aheadOf(a, recent))
  }

  it('the sentence is about the one that runs, and says that one more waits', () => {
    const said = say([deployment('d3', D.DEPLOYMENT_PENDING), running, done])
    expect(said.text).toBe('v5 is taking 20% of traffic: ANALYSIS, stage 2 of 2. 1 more waits.')
    expect(said.deploymentId).toBe('d2')
  })

  it('it counts all that wait, also one that the list has not yet', () => {
    expect(say([deployment('d2b', D.DEPLOYMENT_PLANNED), running]).text).toMatch(/2 more wait\.$/)
    expect(say([running], ja).text).toMatch(/。ほか 1 件が待機中です。$/)
  })

  it('and nothing runs, it is about the one to come', () => {
    expect(say([done]).text).toBe('A deployment is about to begin. v4 is live.')
  })
})

it('nothing is ahead of a deployment that runs itself', () => {
  expect(aheadOf(app({ id: 'd9', status: D.DEPLOYMENT_RUNNING }), [running])).toBeUndefined()
})

describe('what ran before', () => {
  const brief = (id: string, status: DeploymentStatus, version: string) => {
    const { latest } = app({ id, status, version })
    if (!latest) throw new Error('no deployment')
    return latest
  }
  it('is what is live, when the deployment did not come to its end', () => {
    const failed = brief('d2', D.DEPLOYMENT_FAILURE, 'v5')
    expect(versionBefore(app(failed), failed, [])).toBe('v4')
  })
  it('is the success before it, else not known, when it did', () => {
    const good = brief('d2', D.DEPLOYMENT_SUCCESS, 'v5')
    const list = [deployment('d2', D.DEPLOYMENT_SUCCESS, { versions: [{ version: 'v5' }] }), done]
    expect(versionBefore(app(good, 'v5'), good, list)).toBe('v4')
    expect(versionBefore(app(good, 'v5'), good, [])).toBeUndefined()
  })
})
