import { create, toBinary } from '@bufbuild/protobuf'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createMemoryHistory, createRootRoute, createRoute, createRouter, RouterProvider } from '@tanstack/react-router'
import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { api, keys, LiveProvider } from '~/api'
import { LiveTab } from '~/api/live/tab'
import { logKey } from '~/api/live/topics'
import {
  CommandSchema,
  CommandStatus,
  type Deployment,
  DeploymentSchema,
  DeploymentStatus,
  LogBlockSchema,
  ManualOperation,
  Piped_ConnectionStatus,
  type PipelineStage,
  PipelineStageSchema,
  StageStatus,
} from '~/gen/model/model_pb'
import { ApplicationSchema } from '~/gen/pipecd/web/v1/application_pb'
import { Rollback } from '~/gen/pipecd/web/v1/deployment_pb'
import { PipedSchema } from '~/gen/pipecd/web/v1/piped_pb'
import { GetMeResponseSchema } from '~/gen/pipecd/web/v1/session_pb'
import { SubscribeResponseSchema } from '~/gen/pipecd/web/v1/subscribe_pb'
import { LanguageProvider } from '~/i18n'
import { en } from '~/i18n/en'
import { listenForShortcuts } from '~/kit'
import { DeploymentView, type Place } from '.'

vi.setConfig({ testTimeout: 30_000 }) // whole pages, also on busy machines

const S = StageStatus
const rowHeight = 24

function deployment(
  analysis: StageStatus,
  status = DeploymentStatus.DEPLOYMENT_RUNNING,
  more: object = {},
): Deployment {
  const begun = { startTime: '100' }
  const stage = (id: string, name: string, index: number, status: StageStatus, operation = ManualOperation.NONE) =>
    create(PipelineStageSchema, {
      id,
      name,
      index,
      status,
      visible: true,
      requires: index > 0 ? [`s${index - 1}`] : [],
      availableOperation: operation,
      metadata: status ? begun : {},
      createdAt: 100n,
    })
  return create(DeploymentSchema, {
    id: 'd1',
    applicationId: 'a1',
    applicationName: 'shop',
    pipedId: 'p1',
    status,
    versions: [{ version: 'v2' }],
    trigger: { commit: { hash: '0123456789', message: 'Release v2', author: 'ann', branch: 'main' } },
    createdAt: 100n,
    stages: [
      stage('s0', 'ECS_CANARY_ROLLOUT', 0, S.STAGE_SUCCESS),
      stage('s1', 'ANALYSIS', 1, analysis, ManualOperation.SKIP),
      stage('s2', 'WAIT_APPROVAL', 2, S.STAGE_NOT_STARTED_YET, ManualOperation.APPROVE),
    ],
    ...more,
  })
}

// approving is the deployment once its analysis has passed.
function approving(): Deployment {
  const d = deployment(S.STAGE_SUCCESS)
  d.stages[2] = create(PipelineStageSchema, {
    ...(d.stages[2] as PipelineStage),
    status: S.STAGE_RUNNING,
    metadata: { startTime: '200' },
  })
  return d
}

const blocks = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) =>
    create(LogBlockSchema, { index: BigInt(from + i), log: `line ${from + i}`, createdAt: 100n }),
  )

function setup(first: Deployment, start: Place = {}) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY, retry: false } } })
  client.setQueryData(keys.me, create(GetMeResponseSchema, { username: 'kim' }))
  client.setQueryData(
    keys.piped('p1'),
    create(PipedSchema, {
      piped: { id: 'p1', name: 'tokyo', status: Piped_ConnectionStatus.ONLINE },
      lastSeenAt: 100n,
    }),
  )
  const tab = new LiveTab({ postMessage: () => {} }, client, async id => ({
    blocks: id.stageId === 's0' ? blocks(0, 200) : blocks(0, 3),
    completed: id.stageId === 's0',
    more: false,
  }))
  let update: (d: Deployment) => void = () => {}
  let place: Place = start
  function Harness() {
    const [d, setD] = useState(first)
    const [at, setAt] = useState(start)
    update = setD
    place = at
    return (
      <DeploymentView
        deployment={d}
        place={at}
        hrefOf={p => `/deployments/d1?stage=${p.stage ?? ''}&line=${p.line ?? ''}`}
        onPlace={p => setAt(before => ({ ...before, ...p }))}
      />
    )
  }
  const root = createRootRoute()
  const page = createRoute({ getParentRoute: () => root, path: '/', component: Harness })
  const router = createRouter({ routeTree: root.addChildren([page]), history: createMemoryHistory() })
  render(
    <LanguageProvider locale="en" texts={en}>
      <QueryClientProvider client={client}>
        <LiveProvider tab={tab}>
          <RouterProvider router={router as never} />
        </LiveProvider>
      </QueryClientProvider>
    </LanguageProvider>,
  )
  const log = (stageId: string, from: number, to: number) => {
    const key = logKey({ deploymentId: 'd1', stageId, retriedCount: 0 })
    const value = { deploymentId: 'd1', stageId, retriedCount: 0, blocks: blocks(from, to), completed: false }
    const event = create(SubscribeResponseSchema, { key, event: { case: 'stageLog', value } })
    act(() => tab.receive({ type: 'event', event: toBinary(SubscribeResponseSchema, event) }))
  }
  return { client, log, update: (d: Deployment) => act(() => update(d)), place: () => place }
}

// What jsdom does not do: sizes. The log is as high as 20 rows.
beforeEach(() => {
  sessionStorage.clear()
  const size = (name: string, get: (this: HTMLElement) => number) =>
    vi.spyOn(HTMLElement.prototype, name as 'offsetHeight', 'get').mockImplementation(get as never)
  size('offsetHeight', () => 20 * rowHeight)
  size('offsetWidth', () => 800)
  vi.spyOn(Element.prototype, 'clientHeight', 'get').mockImplementation(() => 20 * rowHeight)
  vi.spyOn(Element.prototype, 'scrollHeight', 'get').mockImplementation(function (this: Element) {
    return Number.parseFloat((this.firstElementChild as HTMLElement | null)?.style.height ?? '0') || 0
  })
})
afterEach(() => vi.restoreAllMocks())

const stageLink = (name: string) => screen.getByRole('link', { name: new RegExp(`^${name}`) })

describe('an update', () => {
  it('moves neither focus, chosen stage, nor what is seen of the log', async () => {
    const { update, log, place } = setup(deployment(S.STAGE_RUNNING))
    await userEvent.click(await screen.findByRole('link', { name: /^ECS_CANARY_ROLLOUT/ }))
    expect(place().stage).toBe('s0')
    const box = await screen.findByRole('log')
    await screen.findByText('line 0')
    box.scrollTop = 40 * rowHeight
    fireEvent.scroll(box)
    await screen.findByText('line 45')
    const link = stageLink('ECS_CANARY_ROLLOUT')
    expect(link).toHaveFocus()

    log('s0', 200, 400)
    update(deployment(S.STAGE_FAILURE, DeploymentStatus.DEPLOYMENT_ROLLING_BACK, { statusReason: 'too many errors' }))

    expect(screen.getByText('Why it failed')).toBeInTheDocument()
    expect(stageLink('ECS_CANARY_ROLLOUT')).toBe(link)
    expect(link).toHaveFocus()
    expect(link).toHaveAttribute('aria-current', 'true')
    expect(screen.getByRole('log')).toBe(box)
    expect(box.scrollTop).toBe(40 * rowHeight)
    expect(screen.getByText('line 45')).toBeInTheDocument()
    expect(screen.getByRole('button', { name: /200 new lines/ })).toBeInTheDocument()
  })

  it('goes along with the running stage until one chooses another, and leaves an open menu', async () => {
    const { update } = setup(deployment(S.STAGE_RUNNING))
    await userEvent.click(await screen.findByRole('button', { name: en.deployment.actions.cancelMenu }))
    const item = await screen.findByRole('menuitem', { name: /Cancel with Rollback/ })
    expect(item).toHaveFocus()
    update(approving())
    expect(stageLink('WAIT_APPROVAL')).toHaveAttribute('aria-current', 'true')
    expect(screen.getByRole('menuitem', { name: /Cancel with Rollback/ })).toBe(item)
    expect(item).toHaveFocus()
  })

  it('stays with a stage whose end is not followed any more', async () => {
    const { update, log } = setup(deployment(S.STAGE_RUNNING))
    const box = await screen.findByRole('log')
    log('s1', 3, 100)
    box.scrollTop = 10 * rowHeight
    fireEvent.scroll(box)
    update(approving())
    expect(stageLink('ANALYSIS')).toHaveAttribute('aria-current', 'true')
    expect(screen.getByText(en.deployment.log.nowRunning('WAIT_APPROVAL'))).toBeInTheDocument()
    expect(screen.getByRole('log')).toBe(box)
    await userEvent.click(screen.getByRole('button', { name: en.deployment.log.follow }))
    expect(stageLink('WAIT_APPROVAL')).toHaveAttribute('aria-current', 'true')
  })

  it('stays with a stage that failed, while it is rolled back', async () => {
    const { update } = setup(deployment(S.STAGE_RUNNING))
    await screen.findByRole('log')
    const next = deployment(S.STAGE_FAILURE, DeploymentStatus.DEPLOYMENT_ROLLING_BACK)
    next.stages.push(
      create(PipelineStageSchema, {
        id: 'r',
        name: 'ROLLBACK',
        rollback: true,
        visible: true,
        status: S.STAGE_RUNNING,
        metadata: { startTime: '200' },
      }),
    )
    update(next)
    expect(stageLink('ANALYSIS')).toHaveAttribute('aria-current', 'true')
  })
})

describe('the log', () => {
  it('follows its end until one scrolls up', async () => {
    const { log } = setup(deployment(S.STAGE_RUNNING))
    const box = await screen.findByRole('log')
    log('s1', 3, 100)
    expect(box.scrollTop).toBe(100 * rowHeight)
    box.scrollTop = 10 * rowHeight
    fireEvent.scroll(box)
    log('s1', 100, 150)
    expect(box.scrollTop).toBe(10 * rowHeight)
    await userEvent.click(screen.getByRole('button', { name: /50 new lines/ }))
    expect(box.scrollTop).toBe(150 * rowHeight)
  })

  it('makes lines links, and a range with Shift', async () => {
    const { place } = setup(deployment(S.STAGE_RUNNING), { stage: 's0' })
    await userEvent.click(await screen.findByRole('link', { name: 'Line 3' }))
    expect(place()).toMatchObject({ stage: 's0', line: '3' })
    fireEvent.click(screen.getByRole('link', { name: 'Line 6' }), { shiftKey: true })
    expect(place().line).toBe('3-6')
  })

  it('finds, counts and marks', async () => {
    setup(deployment(S.STAGE_RUNNING), { stage: 's0' })
    await screen.findByText('line 0')
    await userEvent.type(screen.getByRole('textbox', { name: en.deployment.log.search }), 'line 1')
    expect(await screen.findByText('– of 111')).toBeInTheDocument()
    await userEvent.keyboard('{Enter}')
    expect(screen.getByText('1 of 111')).toBeInTheDocument()
    expect(screen.getAllByText('line 1', { selector: 'mark' }).length).toBeGreaterThan(0)
  })
})

describe('what is asked for', () => {
  it('asks first, and tells its fate in place', async () => {
    const cancel = vi.spyOn(api, 'cancelDeployment').mockResolvedValue({ commandId: 'c1' } as never)
    const { client } = setup(deployment(S.STAGE_RUNNING))
    const command = (status: CommandStatus, metadata = {}) =>
      act(() => client.setQueryData(keys.command('c1'), create(CommandSchema, { id: 'c1', status, metadata })))
    command(CommandStatus.COMMAND_NOT_HANDLED_YET)
    await userEvent.click(await screen.findByRole('button', { name: en.deployment.actions.cancelMenu }))
    await userEvent.click(await screen.findByRole('menuitem', { name: /Cancel without Rollback/ }))
    const dialog = screen.getByRole('dialog')
    expect(cancel).not.toHaveBeenCalled()
    await userEvent.click(within(dialog).getByRole('button', { name: 'Cancel without Rollback' }))
    expect(cancel).toHaveBeenCalledWith({ deploymentId: 'd1', rollback: Rollback.NEVER })
    const fates = await screen.findByRole('status', { name: en.deployment.fate.label })
    expect(fates).toHaveTextContent(/Cancel requested, waiting for piped tokyo \(last seen .+\)/)
    command(CommandStatus.COMMAND_FAILED, { Reason: 'it is over' })
    await waitFor(() => expect(fates).toHaveTextContent('Cancel: refused by piped tokyo: it is over'))
  })

  it('goes back to this version, and leads to the deployment that came of it', async () => {
    const back = vi.spyOn(api, 'rollBackTo').mockResolvedValue({ commandId: 'c2' } as never)
    const done = deployment(S.STAGE_SUCCESS, DeploymentStatus.DEPLOYMENT_SUCCESS, { completedAt: 300n })
    const { client } = setup(done)
    const app = (deploymentId: string) =>
      create(ApplicationSchema, {
        application: { id: 'a1', name: 'shop', mostRecentlySuccessfulDeployment: { deploymentId } },
      })
    act(() => client.setQueryData(keys.application('a1'), app('d1')))
    expect(screen.queryByRole('button', { name: en.deployment.actions.rollBack })).toBeNull() // it runs
    act(() => client.setQueryData(keys.application('a1'), app('d9')))
    await userEvent.click(await screen.findByRole('button', { name: en.deployment.actions.rollBack }))
    const dialog = screen.getByRole('dialog', { name: 'Roll shop back to v2?' })
    expect(dialog).toHaveTextContent('of commit 0123456')
    expect(back).not.toHaveBeenCalled()
    await userEvent.click(within(dialog).getByRole('button', { name: en.deployment.actions.rollBack }))
    expect(back).toHaveBeenCalledWith({ deploymentId: 'd1' })
    act(() =>
      client.setQueryData(
        keys.command('c2'),
        create(CommandSchema, {
          id: 'c2',
          status: CommandStatus.COMMAND_SUCCEEDED,
          metadata: { TriggeredDeploymentID: 'd10' },
        }),
      ),
    )
    const link = await screen.findByRole('link', { name: en.deployment.fate.open })
    expect(link).toHaveAttribute('href', '/deployments/d10')
  })

  it('says what it goes back to', async () => {
    const d = deployment(S.STAGE_RUNNING)
    if (d.trigger) d.trigger.rolledBackTo = 'd0'
    setup(d)
    expect(await screen.findByRole('link', { name: en.deployment.facts.override })).toHaveAttribute(
      'href',
      '/deployments/d0',
    )
  })

  it('that is not sent says why', async () => {
    vi.spyOn(api, 'skipStage').mockRejectedValue(new Error('the stage is over'))
    setup(deployment(S.STAGE_RUNNING))
    await userEvent.click(await screen.findByRole('button', { name: 'Skip' }))
    await userEvent.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Skip' }))
    expect(await screen.findByText('Skip of ANALYSIS was not sent')).toBeInTheDocument()
  })
})

describe('why it failed', () => {
  it('names the stage that failed, and does not speak of a rollback that undid nothing', async () => {
    const d = deployment(S.STAGE_FAILURE, DeploymentStatus.DEPLOYMENT_FAILURE)
    const [, analysis] = d.stages
    if (analysis) analysis.statusReason = 'the key was refused'
    d.stages.push(
      create(PipelineStageSchema, {
        id: 'r',
        name: 'ROLLBACK',
        rollback: true,
        visible: true,
        status: S.STAGE_SUCCESS,
        statusReason: 'Nothing had been changed yet',
        metadata: { startTime: '200', 'nothing-changed': 'true' },
      }),
    )
    setup(d)
    const card = await screen.findByRole('region', { name: 'Why it failed' })
    expect(card).toHaveTextContent('ANALYSIS failed: the key was refused')
    expect(card).toHaveTextContent(en.deployment.why.nothing)
    expect(card).not.toHaveTextContent(/rolled back/i)
  })
})

describe('keys', () => {
  it('go through the stages and to the failed one', async () => {
    const stop = listenForShortcuts()
    const failed = deployment(S.STAGE_FAILURE, DeploymentStatus.DEPLOYMENT_FAILURE)
    const { place } = setup(failed, { stage: 's0' })
    await screen.findByRole('link', { name: /^ANALYSIS/ })
    await userEvent.keyboard('j')
    expect(place().stage).toBe('s1')
    await userEvent.keyboard('jk')
    expect(place().stage).toBe('s1')
    await userEvent.keyboard('k]')
    expect(place().stage).toBe('s1')
    stop()
  })
})
