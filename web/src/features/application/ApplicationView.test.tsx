import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { Code, ConnectError, createRouterTransport } from '@connectrpc/connect'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from '@tanstack/react-router'
import { act, render, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useEffect } from 'react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { LiveProvider } from '~/api'
import { LiveTab } from '~/api/live/tab'
import { ApplicationSyncStatus, CommandStatus, DeploymentStatus, SyncStrategy } from '~/gen/model/model_pb'
import { ApplicationSchema } from '~/gen/pipecd/web/v1/application_pb'
import { SubscribeResponseSchema } from '~/gen/pipecd/web/v1/subscribe_pb'
import { WebService } from '~/gen/pipecd/web/v1/web_pb'
import { LanguageProvider } from '~/i18n'
import { en } from '~/i18n/en'
import { listenForShortcuts, Toasts } from '~/kit'
import { ApplicationView } from './ApplicationView'

vi.setConfig({ testTimeout: 30_000 })

// The control plane at the far end of the wire.
const wire = vi.hoisted(() => ({ transport: undefined as unknown }))
vi.mock('~/api/raw', async original => ({
  ...(await original<typeof import('~/api/raw')>()),
  newTransport: () => ({
    unary: (...call: unknown[]) => (wire.transport as { unary: (...c: unknown[]) => unknown }).unary(...call),
    stream: (...call: unknown[]) => (wire.transport as { stream: (...c: unknown[]) => unknown }).stream(...call),
  }),
}))

let commands: SyncStrategy[] = []
let deleted: string[] = []
let refusal: ConnectError | undefined
let next = 0
let pipedDisabled = false

beforeEach(() => {
  commands = []
  deleted = []
  refusal = undefined
  pipedDisabled = false
  wire.transport = createRouterTransport(({ service }) => {
    service(WebService, {
      syncApplication: ({ strategy }) => {
        if (refusal) throw refusal
        commands.push(strategy)
        return { commandId: `c${next}` }
      },
      getCommand: ({ commandId }) => ({ command: { id: commandId, status: CommandStatus.COMMAND_NOT_HANDLED_YET } }),
      listDeployments: () => ({ deployments: [] }),
      deleteApplication: ({ applicationId }) => {
        deleted.push(applicationId)
        return {}
      },
      getPiped: () => ({ piped: { piped: { id: 'p1', name: 'tokyo', disabled: pipedDisabled }, lastSeenAt: 100n } }),
      getMe: () => ({ address: 'http://pipecd.example.com:8080' }),
    })
  })
})

type Init = MessageInitShape<typeof ApplicationSchema>

function show(more: Omit<Init, '$typeName'> = {}, inner: object = {}) {
  next++
  const app = create(ApplicationSchema, {
    application: {
      id: `a${next}`,
      name: 'web',
      pipedId: 'p1',
      gitPath: { repo: { id: 'shop' }, path: './' },
      ...inner,
    },
    pipedName: 'tokyo',
    pipedOnline: true,
    ...more,
  } as Init)
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  const tab = new LiveTab({ postMessage: () => {} }, client, async () => ({ blocks: [], completed: true, more: false }))
  const page = () => (
    <>
      <ApplicationView app={app} onEdit={() => {}} />
      <Toasts />
    </>
  )
  const router = createRouter({ routeTree: createRootRoute({ component: page }), history: createMemoryHistory() })
  render(
    <LanguageProvider locale="en" texts={en}>
      <QueryClientProvider client={client}>
        <LiveProvider tab={tab}>
          <RouterProvider router={router as never} />
        </LiveProvider>
      </QueryClientProvider>
    </LanguageProvider>,
  )
  const id = `c${next}`
  const answer = (status: CommandStatus, metadata: Record<string, string> = {}) => {
    const value = { id, status, metadata, updatedAt: 9n }
    const event = create(SubscribeResponseSchema, { key: `command/${id}`, event: { case: 'command', value } })
    act(() => tab.receive({ type: 'event', event: toBinary(SubscribeResponseSchema, event) }))
  }
  return { answer, id: `a${next}` }
}

// Keys listens as the shell does.
function Keys() {
  useEffect(() => listenForShortcuts(), [])
  return null
}

describe('SYNC', () => {
  it('says in place what becomes of it, and becomes a link', async () => {
    const { answer } = show()
    await userEvent.click(await screen.findByRole('button', { name: 'Sync' }))
    expect(await screen.findByText('Sync was requested. Waiting for tokyo to answer.')).toBeVisible()
    expect(screen.getByRole('button', { name: 'Requested' })).toHaveAttribute('aria-disabled', 'true')
    answer(CommandStatus.COMMAND_SUCCEEDED, { TriggeredDeploymentID: 'd7' })
    const link = await screen.findByRole('link', { name: 'Open the deployment' })
    expect(link).toHaveAttribute('href', '/deployments/d7')
    await userEvent.click(screen.getByRole('button', { name: 'Dismiss' }))
    expect(screen.queryByText('Sync started a deployment.')).toBeNull()
    expect(screen.getByRole('button', { name: 'Sync' })).not.toHaveAttribute('aria-disabled')
  })

  it('can be asked for in a chosen way, and explains why nothing began', async () => {
    const { answer } = show()
    await userEvent.click(await screen.findByRole('button', { name: 'Other ways to sync' }))
    await userEvent.click(await screen.findByRole('menuitem', { name: /^Quick Sync/ }))
    await screen.findByText(/Quick Sync was requested/)
    expect(commands).toEqual([SyncStrategy.QUICK_SYNC])
    answer(CommandStatus.COMMAND_FAILED, { Reason: 'The file is wrong.' })
    expect(await screen.findByText('Quick Sync did not start a deployment.')).toBeVisible()
    expect(screen.getByText('The file is wrong.')).toBeVisible()
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
    await waitFor(() => expect(commands).toEqual([SyncStrategy.QUICK_SYNC, SyncStrategy.QUICK_SYNC]))
  })

  it('tells that it was not accepted, with the reason', async () => {
    refusal = new ConnectError('the application is being deleted', Code.FailedPrecondition)
    show()
    await userEvent.click(await screen.findByRole('button', { name: 'Sync' }))
    expect(await screen.findByText('Sync was not accepted.')).toBeVisible()
    expect(screen.getByText('the application is being deleted')).toBeVisible()
  })

  it('waits for a piped that is offline, and says since when it is', async () => {
    show({ pipedOnline: false })
    expect(await screen.findByText('tokyo is offline.')).toBeVisible()
    expect(await screen.findByText(/Last seen/)).toBeVisible()
    expect(await screen.findByText('piped run --config-file=piped.yaml --insecure')).toBeVisible()
    const link = screen.getByRole('link', { name: 'How to start it' })
    expect(link).toHaveAttribute('href', '/settings/piped?show=setup&piped=p1')
    await userEvent.click(screen.getByRole('button', { name: 'Sync' }))
    expect(await screen.findByText(/tokyo is offline and gets to it when it is back/)).toBeVisible()
  })

  it('is refused with the reason while the application is disabled', async () => {
    show({}, { disabled: true })
    const button = await screen.findByRole('button', { name: 'Sync' })
    expect(button).toHaveAccessibleDescription('The application is disabled. Enable it first.')
    await userEvent.click(button)
    expect(commands).toEqual([])
  })
})

describe('the key s', () => {
  it('asks before it syncs', async () => {
    render(<Keys />)
    show()
    await screen.findByRole('button', { name: 'Sync' })
    await userEvent.keyboard('s')
    const dialog = await screen.findByRole('dialog', { name: 'Sync web?' })
    await userEvent.keyboard('shop')
    expect(commands).toEqual([])
    await userEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }))
    expect(commands).toEqual([])
    await userEvent.keyboard('s')
    await userEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Sync' }))
    await waitFor(() => expect(commands).toEqual([SyncStrategy.AUTO]))
  })
})

describe('a piped that is disabled', () => {
  it.each([true, false])('is said to be so, and SYNC is refused with it (last seen just now: %s)', async online => {
    pipedDisabled = true
    show({ pipedOnline: online })
    expect(await screen.findByText('tokyo is disabled.')).toBeVisible()
    expect(screen.getByText(/until it is enabled/)).toBeVisible()
    expect(screen.queryByText(/Sync waits for it/)).toBeNull()
    expect(screen.queryByText(/piped run/)).toBeNull()
    expect(screen.getByText('Disabled')).toBeVisible()
    const button = screen.getByRole('button', { name: 'Sync' })
    expect(button).toHaveAccessibleDescription('tokyo is disabled. Enable it first.')
    await userEvent.click(button)
    expect(commands).toEqual([])
  })
})

describe('the page', () => {
  it('shows where the file is wrong', async () => {
    const reason = 'app.pipecd.yaml:24:18: spec.pipeline: expected a list, found "x"'
    show(
      {},
      { syncState: { status: ApplicationSyncStatus.INVALID_CONFIG, reason, shortReason: `At 4e70915: ${reason}` } },
    )
    const panel = await screen.findByRole('region', { name: 'Configuration problems' })
    expect(panel).toHaveTextContent('app.pipecd.yaml:24:18')
    expect(panel).toHaveTextContent('expected a list, found "x"')
    expect(panel).toHaveTextContent('4e70915')
  })

  it('names the version that failed, not the one that is live', async () => {
    const latest = { id: 'd3', status: DeploymentStatus.DEPLOYMENT_FAILURE, version: 'v3', statusReason: 'too slow' }
    show({ latest }, { mostRecentlySuccessfulDeployment: { versions: [{ version: 'v2' }] } })
    const card = await screen.findByRole('region', { name: 'Latest deployment' })
    expect(card).toHaveTextContent(/Failurev2v3/)
    expect(card).toHaveTextContent('Why too slow')
  })

  it('says that an earlier version runs, by whom, and until when', async () => {
    const trigger = { rolledBackTo: 'd0', overriddenCommit: '4e70915aa', commander: 'ann' }
    show({}, { mostRecentlySuccessfulDeployment: { versions: [{ version: 'v1' }], trigger } })
    const text = await screen.findByText(/ann rolled it back\. Head 4e70915 of the branch is not brought out/)
    expect(text).toHaveTextContent(en.application.override.title)
    expect(screen.getByRole('link', { name: en.application.override.link })).toHaveAttribute('href', '/deployments/d0')
  })

  it('deletes only what was named', async () => {
    const { id } = show()
    await userEvent.click(await screen.findByRole('button', { name: 'More actions for web' }))
    await userEvent.click(await screen.findByRole('menuitem', { name: 'Delete…' }))
    const button = await screen.findByRole('button', { name: 'Delete' })
    const field = screen.getByLabelText('Type web to confirm')
    await userEvent.type(field, 'we{Enter}')
    expect(button).toHaveAccessibleDescription('Type the name of the application first.')
    expect(deleted).toEqual([])
    await userEvent.type(field, 'b')
    await userEvent.click(screen.getByRole('button', { name: 'Delete' }))
    await waitFor(() => expect(deleted).toEqual([id]))
  })
})
