import { create } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { type ReactNode, useState } from 'react'
import { describe, expect, it, vi } from 'vitest'
import { api, keys, LiveProvider } from '~/api'
import { LiveTab } from '~/api/live/tab'
import { RegisterPipedResponseSchema } from '~/gen/pipecd/web/v1/piped_pb'
import { GetMeResponseSchema, TroubleSchema } from '~/gen/pipecd/web/v1/session_pb'
import { LanguageProvider } from '~/i18n'
import { en } from '~/i18n/en'
import { type NewKey, PipedForm, Registered } from '.'

vi.setConfig({ testTimeout: 30_000 }) // also on busy machines

const key = 'a-key-that-is-shown-once'

function around(client: QueryClient, children: ReactNode) {
  const tab = new LiveTab({ postMessage: () => {} }, client, async () => ({
    blocks: [],
    completed: false,
    more: false,
  }))
  return (
    <LanguageProvider locale="en" texts={en}>
      <QueryClientProvider client={client}>
        <LiveProvider tab={tab}>{children}</LiveProvider>
      </QueryClientProvider>
    </LanguageProvider>
  )
}

function Adding() {
  const [made, setMade] = useState<NewKey>()
  return made ? (
    <Registered of={made} onClose={() => setMade(undefined)} />
  ) : (
    <PipedForm onClose={() => {}} onRegistered={setMade} />
  )
}

describe('adding a piped', () => {
  it('shows the key, keeps it nowhere, and asks before it is lost', async () => {
    const user = userEvent.setup()
    vi.spyOn(api, 'registerPiped').mockResolvedValue(create(RegisterPipedResponseSchema, { id: 'p1', key }))
    vi.spyOn(api, 'getPiped').mockReturnValue(new Promise(() => {}))
    const client = new QueryClient()
    client.setQueryData(keys.me, create(GetMeResponseSchema, { projectId: 'shop', address: 'https://pipecd.example' }))
    render(around(client, <Adding />))
    await user.type(screen.getByLabelText('Name'), 'tokyo')
    await user.click(screen.getByRole('button', { name: 'Save' }))

    const dialog = await screen.findByRole('dialog', { name: 'Piped registered' })
    expect(within(dialog).getByRole('textbox', { name: 'Piped Key' })).toHaveTextContent(key)
    expect(within(dialog).getByRole('group', { name: 'piped.yaml' })).toHaveTextContent('pipecd.example:443')
    await waitFor(() => expect(client.getMutationCache().getAll()).toEqual([]))
    const cached = client
      .getQueryCache()
      .getAll()
      .map(q => q.state.data)
    expect(JSON.stringify(cached, (_, v) => (typeof v === 'bigint' ? String(v) : v))).not.toContain(key)

    const [close] = within(dialog).getAllByRole('button', { name: 'Close' })
    if (close) await user.click(close)
    await user.click(screen.getByRole('button', { name: 'Back to the key' }))
    expect(dialog).toBeInTheDocument()
    await user.click(within(dialog).getByRole('button', { name: 'Copy Piped Key' }))
    expect(await navigator.clipboard.readText()).toBe(key)
    if (close) await user.click(close)
    expect(screen.queryByRole('dialog', { name: 'Piped registered' })).not.toBeInTheDocument()
  })

  it('says beside the field what is wrong with it, and keeps what was typed', async () => {
    const user = userEvent.setup()
    const trouble = create(TroubleSchema, { requestId: 'r1', field: 'name' })
    const taken = new ConnectError('that name is taken', Code.AlreadyExists, undefined, [
      { desc: TroubleSchema, value: trouble },
    ])
    vi.spyOn(api, 'registerPiped').mockRejectedValue(taken)
    render(around(new QueryClient(), <Adding />))
    await user.type(screen.getByLabelText('Name'), 'tokyo')
    await user.click(screen.getByRole('button', { name: 'Save' }))
    expect(await screen.findByRole('alert')).toHaveTextContent('that name is taken')
    expect(screen.getByLabelText('Name')).toHaveValue('tokyo')
    expect(screen.getByLabelText('Name')).toBeInvalid()
  })
})
