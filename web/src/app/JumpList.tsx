import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Command } from 'cmdk'
import { Boxes, Rocket, Server, SunMoon } from 'lucide-react'
import { type ReactNode, type Ref, useDeferredValue, useState } from 'react'
import { applicationsQuery } from '~/api'
import { ApplicationSyncStatus } from '~/gen/model/model_pb'
import { useTexts } from '~/i18n'
import { StatusShape, syncState, toggleTheme } from '~/kit'
import styles from './Jump.module.css'

interface Entry {
  id: string
  label: string
  icon: ReactNode
  run: () => void
}

const atMost = 12

interface Props {
  typed: string
  onType: (typed: string) => void
  field: Ref<HTMLInputElement>
  onChosen: () => void
}

// JumpList finds applications by name, pages and actions.
export default function JumpList({ typed, onType, field, onChosen }: Props) {
  const t = useTexts()
  const [value, setValue] = useState('')
  const name = useDeferredValue(typed.trim())
  const { data } = useQuery(applicationsQuery({ filter: { name }, pageSize: atMost }))
  const entries = useEntries()
  // The list of before stands until the answer comes: what does not match any
  // more cannot be chosen.
  const matches = (label: string) => label.toLowerCase().includes(typed.trim().toLowerCase())
  const found = data?.applications.filter(a => matches(a.application?.name ?? '')) ?? []
  const matching = entries.filter(e => matches(e.label))
  const ids = [...found.map(a => a.application?.id ?? ''), ...matching.map(e => e.id)]
  const chosen = ids.includes(value) ? value : (ids[0] ?? '')
  const navigate = useNavigate()
  const choose = (run: () => void) => () => {
    onChosen()
    run()
  }
  return (
    <Command shouldFilter={false} label={t.shell.jumpTitle} loop value={chosen} onValueChange={setValue}>
      <Command.Input
        ref={field}
        className={styles.field}
        value={typed}
        onValueChange={onType}
        placeholder={t.shell.jump}
      />
      <Command.List label={t.shell.jumpTitle}>
        <Command.Empty>{t.shell.jumpEmpty}</Command.Empty>
        {found.length > 0 && (
          <Command.Group heading={t.shell.applications}>
            {found.map(({ application: a, pipedName }) => {
              if (!a) return null
              const go = () => void navigate({ to: '/applications/$id', params: { id: a.id } })
              return (
                <Command.Item key={a.id} value={a.id} onSelect={choose(go)}>
                  <StatusShape of={syncState(a.syncState?.status ?? ApplicationSyncStatus.UNKNOWN, t)} />
                  {a.name}
                  <span className={styles.aside}>{pipedName}</span>
                </Command.Item>
              )
            })}
          </Command.Group>
        )}
        {matching.length > 0 && (
          <Command.Group heading={t.shell.jumpPages}>
            {matching.map(e => (
              <Command.Item key={e.id} value={e.id} onSelect={choose(e.run)}>
                {e.icon}
                {e.label}
              </Command.Item>
            ))}
          </Command.Group>
        )}
      </Command.List>
    </Command>
  )
}

function useEntries(): Entry[] {
  const t = useTexts()
  const navigate = useNavigate()
  const icon = { size: 16, 'aria-hidden': true } as const
  return [
    {
      id: '/applications',
      label: t.shell.applications,
      icon: <Boxes {...icon} />,
      run: () => void navigate({ to: '/applications' }),
    },
    {
      id: '/deployments',
      label: t.shell.deployments,
      icon: <Rocket {...icon} />,
      run: () => void navigate({ to: '/deployments' }),
    },
    {
      id: '/settings/piped',
      label: `${t.shell.settings}: ${t.shell.pipeds}`,
      icon: <Server {...icon} />,
      run: () => void navigate({ to: '/settings/piped' }),
    },
    { id: 'theme', label: t.shortcuts.theme, icon: <SunMoon {...icon} />, run: toggleTheme },
  ]
}
