import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { Code, ConnectError, createRouterTransport } from '@connectrpc/connect'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from '@tanstack/react-router'
import { act, render, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { LiveProvider } from '~/api'
import { LiveTab } from '~/api/live/tab'
import { ApplicationKind, ApplicationSyncStatus, CommandStatus, Piped_ConnectionStatus } from '~/gen/model/model_pb'
import type { AddApplicationRequest, AddApplicationRequestSchema } from '~/gen/pipecd/web/v1/application_pb'
import { PipedSchema } from '~/gen/pipecd/web/v1/piped_pb'
import { TroubleSchema } from '~/gen/pipecd/web/v1/session_pb'
import { SubscribeResponseSchema } from '~/gen/pipecd/web/v1/subscribe_pb'
import { WebService } from '~/gen/pipecd/web/v1/web_pb'
import { LanguageProvider } from '~/i18n'
import { en } from '~/i18n/en'
import { AddDrawer, type Way } from './AddDrawer'

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

type Inner = NonNullable<MessageInitShape<typeof PipedSchema>['piped']>
const piped = (id: string, more: Partial<Inner> = {}) =>
  create(PipedSchema, {
    piped: {
      id,
      name: id,
      startedAt: 1n,
      status: Piped_ConnectionStatus.ONLINE,
      platformProviders: [{ name: 'ecs-tokyo', type: 'ECS' }],
      repositories: [{ id: 'shop' }],
      ...more,
    } as Inner,
  })

let asked: AddApplicationRequest[] = []
let refusals: ConnectError[] = []
let suggested: object[] = []

function refuse(field: string, sentence: string): ConnectError {
  return new ConnectError(sentence, Code.InvalidArgument, undefined, [
    { desc: TroubleSchema, value: { field, requestId: 'r1' } },
  ])
}

const found = { name: 'api', pipedId: 'tokyo', repoId: 'shop', path: 'api', kind: ApplicationKind.ECS }

beforeEach(() => {
  asked = []
  refusals = []
  suggested = [found]
  wire.transport = createRouterTransport(({ service }) => {
    service(WebService, {
      listPipeds: () => ({
        pipeds: [
          piped('tokyo'),
          piped('new', { startedAt: 0n, platformProviders: [], repositories: [] } as Partial<Inner>),
          piped('off', { disabled: true } as Partial<Inner>),
        ],
      }),
      listSuggestions: () => ({ applications: suggested }),
      addApplication: request => {
        asked.push(request)
        const refusal = refusals.shift()
        if (refusal) throw refusal
        return { applicationId: 'a1' }
      },
      getApplication: () => ({
        application: { application: { id: 'a1', name: 'web' }, pipedName: 'tokyo', pipedOnline: true },
      }),
      getPiped: () => ({ piped: { piped: { id: 'tokyo', name: 'tokyo' } } }),
      syncApplication: () => ({ commandId: 'c1' }),
      getCommand: () => ({
        command: { id: 'c1', status: CommandStatus.COMMAND_SUCCEEDED, metadata: { TriggeredDeploymentID: 'd1' } },
      }),
    })
  })
})

function open(way: Way, wanted?: string) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  const tab = new LiveTab({ postMessage: () => {} }, client, async () => ({ blocks: [], completed: true, more: false }))
  function Harness() {
    const [at, setAt] = useState(way)
    return <AddDrawer way={at} piped={wanted} onWay={setAt} onClose={() => {}} />
  }
  const router = createRouter({ routeTree: createRootRoute({ component: Harness }), history: createMemoryHistory() })
  render(
    <LanguageProvider locale="en" texts={en}>
      <QueryClientProvider client={client}>
        <LiveProvider tab={tab}>
          <RouterProvider router={router as never} />
        </LiveProvider>
      </QueryClientProvider>
    </LanguageProvider>,
  )
  return {
    // What the control plane reports of the new application.
    report: (status: ApplicationSyncStatus, reason: string) => {
      const application = { id: 'a1', name: 'api', syncState: { status, reason, shortReason: reason } }
      const value = { application, pipedName: 'tokyo', pipedOnline: true }
      const event = create(SubscribeResponseSchema, {
        key: 'application/a1',
        event: { case: 'application', value },
      } as MessageInitShape<typeof SubscribeResponseSchema>)
      act(() => tab.receive({ type: 'event', event: toBinary(SubscribeResponseSchema, event) }))
    },
  }
}

const save = () => userEvent.click(screen.getByRole('button', { name: 'Save' }))

describe('adding by hand', () => {
  it('explains what depends on the piped, and offers what the chosen one has', async () => {
    open('manual')
    const provider = await screen.findByLabelText('Platform provider')
    expect(provider).toBeDisabled()
    expect(provider).toHaveAccessibleDescription('Choose a piped first.')
    const choice = screen.getByLabelText('Piped')
    expect(within(choice).queryByRole('option', { name: /off/ })).toBeNull()
    await userEvent.selectOptions(choice, 'new')
    expect(screen.getByLabelText('Platform provider')).toHaveAccessibleDescription(/new has never connected/)
    await userEvent.selectOptions(choice, 'tokyo')
    expect(screen.getByLabelText('Platform provider')).toHaveValue('ecs-tokyo')
    expect(screen.getByLabelText('Repository')).toHaveValue('shop')
  })

  it('says at the field what the control plane found wrong, then adds and syncs', async () => {
    refusals = [refuse('path', 'the path must stay inside the repository')]
    open('manual', 'tokyo')
    await userEvent.type(await screen.findByLabelText('Name'), 'web')
    const path = screen.getByLabelText(/^Path/)
    await userEvent.type(path, '../web')
    await save()
    await waitFor(() => expect(path).toBeInvalid())
    expect(path).toHaveAccessibleDescription(/must stay inside the repository/)
    await userEvent.clear(path)
    await userEvent.type(path, './')
    await save()
    expect(await screen.findByText('web was added')).toBeVisible()
    expect(screen.getByText('shop: app.pipecd.yaml')).toBeVisible()
    const want: MessageInitShape<typeof AddApplicationRequestSchema> = {
      name: 'web',
      pipedId: 'tokyo',
      platformProvider: 'ecs-tokyo',
      repoId: 'shop',
      path: './',
      configFilename: 'app.pipecd.yaml',
      kind: ApplicationKind.ECS,
    }
    expect(asked[1]).toMatchObject(want)
    await userEvent.click(await screen.findByRole('button', { name: 'Sync' }))
    const link = await screen.findByRole('link', { name: 'Open the deployment' })
    expect(link).toHaveAttribute('href', '/deployments/d1')
    expect(screen.getByRole('link', { name: 'Open the application' })).toHaveAttribute('href', '/applications/a1')
  })
})

describe('adding what was found', () => {
  it('needs a choice, shows it, and takes the only provider', async () => {
    open('suggestions')
    const one = await screen.findByRole('radio', { name: /api/ })
    const button = screen.getByRole('button', { name: 'Save' })
    expect(button).toHaveAccessibleDescription('Choose an application first.')
    await userEvent.click(button)
    expect(asked).toEqual([])
    await userEvent.click(one)
    const review = screen.getByRole('region', { name: 'Check and save' })
    expect(within(review).getByText('app.pipecd.yaml')).toBeVisible()
    await save()
    expect(await screen.findByText('api was added')).toBeVisible()
    expect(asked[0]).toMatchObject({ ...found, platformProvider: 'ecs-tokyo' })
  })

  it('offers no saving where nothing was found', async () => {
    suggested = []
    open('suggestions')
    expect(await screen.findByRole('heading', { name: 'Nothing new was found in Git' })).toBeVisible()
    const button = screen.getByRole('button', { name: 'Save' })
    expect(button).toHaveAccessibleDescription('Nothing new was found in Git')
    await userEvent.click(button)
    expect(asked).toEqual([])
  })

  it('follows what the piped finds in the file after it was added', async () => {
    const { report } = open('suggestions')
    await userEvent.click(await screen.findByRole('radio', { name: /api/ }))
    await save()
    expect(await screen.findByText(/tokyo reads the file/)).toBeVisible()
    report(ApplicationSyncStatus.INVALID_CONFIG, 'api/app.pipecd.yaml:7:3: spec.input: unknown field "inputs"')
    expect(await screen.findByText('api was added, but its configuration cannot be used')).toBeVisible()
    expect(screen.queryByText(/tokyo reads the file/)).toBeNull()
    expect(await screen.findByRole('region', { name: 'Configuration problems' })).toHaveTextContent(
      'api/app.pipecd.yaml:7:3spec.inputunknown field "inputs"',
    )
    report(ApplicationSyncStatus.OUT_OF_SYNC, 'nothing runs')
    expect(await screen.findByText('api was added')).toBeVisible()
    expect(screen.queryByRole('region', { name: 'Configuration problems' })).toBeNull()
  })

  it('keeps what concerns no field above the form', async () => {
    refusals = [new ConnectError('the database is being moved', Code.Unavailable)]
    open('suggestions')
    await userEvent.click(await screen.findByRole('radio', { name: /api/ }))
    await save()
    expect(await screen.findByRole('alert')).toBeVisible()
    expect(screen.getByRole('radio', { name: /api/ })).toBeChecked()
  })
})
