import { Code, ConnectError } from '@connectrpc/connect'
import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { type ReactNode, useState } from 'react'
import { describe, expect, it, vi } from 'vitest'
import { LanguageProvider } from '~/i18n'
import { en } from '~/i18n/en'
import { Button, Combobox, Dialog, ErrorPanel, Menu, StatusMark, syncState, TextField } from '.'

const show = (children: ReactNode) =>
  render(
    <LanguageProvider locale="en" texts={en}>
      {children}
    </LanguageProvider>,
  )

describe('Button', () => {
  it('tells why it cannot be pressed and does nothing', async () => {
    const press = vi.fn()
    show(
      <Button why="The piped is offline" onClick={press}>
        Sync
      </Button>,
    )
    const button = screen.getByRole('button', { name: 'Sync' })
    await userEvent.click(button)
    expect(press).not.toHaveBeenCalled()
    expect(button).toHaveAttribute('aria-disabled', 'true')
    expect(button).toHaveAccessibleDescription('The piped is offline')
  })
})

describe('Menu', () => {
  it('opens, moves by keys and letters, chooses, and closes', async () => {
    const chosen = vi.fn()
    show(
      <Menu
        label="Actions"
        items={['Sync', 'Quick Sync', 'Disable'].map(label => ({ id: label, label, onSelect: () => chosen(label) }))}
        trigger={p => (
          <button type="button" {...p}>
            More
          </button>
        )}
      />,
    )
    await userEvent.click(screen.getByRole('button', { name: 'More' }))
    expect(await screen.findByRole('menuitem', { name: 'Sync' })).toHaveFocus()
    await userEvent.keyboard('{ArrowUp}')
    expect(screen.getByRole('menuitem', { name: 'Disable' })).toHaveFocus()
    await userEvent.keyboard('q{Enter}')
    expect(chosen).toHaveBeenCalledWith('Quick Sync')
    expect(screen.queryByRole('menuitem')).not.toBeInTheDocument()
  })
})

describe('ErrorPanel', () => {
  it('names a code only where the control plane gave one', () => {
    const { unmount } = show(<ErrorPanel error={new TypeError('Failed to fetch')} />)
    expect(screen.getByRole('alert')).toHaveTextContent(en.errors.unreachable)
    expect(screen.getByRole('alert')).not.toHaveTextContent(en.errors.code)
    unmount()
    show(<ErrorPanel error={new ConnectError('the piped is disabled', Code.FailedPrecondition)} />)
    expect(screen.getByRole('alert')).toHaveTextContent('the piped is disabled')
    expect(screen.getByRole('alert')).toHaveTextContent('failed_precondition')
  })
})

describe('Dialog', () => {
  it('asks before it throws away what was typed', async () => {
    const close = vi.fn()
    show(
      <Dialog open title="Add a piped" dirty onClose={close}>
        <TextField label="Name" value="tokyo" onChange={() => {}} />
      </Dialog>,
    )
    expect(screen.getByRole('textbox')).toHaveFocus()
    await userEvent.click(screen.getByRole('button', { name: en.common.close }))
    await userEvent.click(screen.getByRole('button', { name: en.common.keepEditing }))
    expect(close).not.toHaveBeenCalled()
    await userEvent.click(screen.getByRole('button', { name: en.common.close }))
    await userEvent.click(screen.getByRole('button', { name: en.common.discard }))
    expect(close).toHaveBeenCalledOnce()
  })
})

describe('Combobox', () => {
  const options = [
    { value: '1', label: 'tokyo-prod' },
    { value: '2', label: 'tokyo-dev' },
    { value: '3', label: 'osaka' },
  ]
  function Sample({ onChange }: { onChange: (v: string) => void }) {
    const [value, setValue] = useState('')
    const change = (v: string) => {
      setValue(v)
      onChange(v)
    }
    return <Combobox label="Piped" value={value} options={options} onChange={change} />
  }

  it('offers what matches and takes it by keys', async () => {
    const change = vi.fn()
    show(<Sample onChange={change} />)
    const input = screen.getByRole('combobox')
    await userEvent.type(input, 'TOKYO')
    expect(screen.getAllByRole('option').map(o => o.textContent)).toEqual(['tokyo-prod', 'tokyo-dev'])
    await userEvent.keyboard('{ArrowDown}{ArrowDown}{Enter}')
    expect(change).toHaveBeenLastCalledWith('2')
    expect(input).toHaveValue('tokyo-dev')
  })

  it('takes no value that there is not', async () => {
    const change = vi.fn()
    show(<Sample onChange={change} />)
    await userEvent.type(screen.getByRole('combobox'), 'kyoto')
    expect(screen.getByText(en.common.noMatches)).toBeInTheDocument()
    await userEvent.tab()
    expect(change).not.toHaveBeenCalled()
    expect(screen.getByRole('combobox')).toHaveValue('')
  })
})

describe('StatusMark', () => {
  it('says each state in a word and a shape of its own', () => {
    const states = [0, 1, 2, 3, 4].map(s => syncState(s, en))
    expect(new Set(states.map(s => s.word)).size).toBe(5)
    expect(new Set(states.map(s => s.shape)).size).toBe(5)
    show(<StatusMark of={syncState(3, en)} />)
    expect(screen.getByText('Out of sync')).toBeInTheDocument()
  })
})
