import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { kindName } from '~/features/application'
import { ApplicationKind, type Piped, Piped_ConnectionStatus } from '~/gen/model/model_pb'
import { type Catalog, useTexts } from '~/i18n'
import { buttonClass, Combobox, EmptyState, type Option, Select } from '~/kit'
import type { Choices, Why } from './form'

interface ChoiceProps {
  label: string
  value: string
  options: readonly Option[]
  onChange: (value: string) => void
  hint?: string | undefined
  error?: string | undefined
  why?: string | undefined
}

const comfortable = 20

// Choice is the browser's own list, or one to type into when it is long.
export function Choice({ label, value, options, onChange, hint, error, why }: ChoiceProps) {
  const t = useTexts()
  const common = { label, value, options, onChange, hint, error, why, required: true }
  return options.length > comfortable ? (
    <Combobox {...common} placeholder={t.applications.add.choose} />
  ) : (
    <Select {...common} placeholder={t.applications.add.choose} />
  )
}

// pipedOptions are the agents, each with what keeps it from answering.
export function pipedOptions(pipeds: readonly Piped[], t: Catalog, more?: (p: Piped) => string): Option[] {
  const w = t.applications.add
  return pipeds.map(p => {
    const state =
      p.startedAt === 0n
        ? w.neverConnectedShort
        : p.status === Piped_ConnectionStatus.ONLINE
          ? undefined
          : w.offlineShort
    const name = more ? more(p) : p.name
    return { value: p.id, label: state ? w.pipedState(name, state) : name }
  })
}

// saysWhy puts the reason into words.
export function saysWhy(why: Why | undefined, piped: Piped | undefined, kind: ApplicationKind, t: Catalog) {
  const w = t.applications.add
  const name = piped?.name ?? ''
  switch (why) {
    case 'choosePiped':
      return w.choosePipedFirst
    case 'neverConnected':
      return w.neverConnected(name)
    case 'noProvider':
      return w.noProvider(name, kindName(kind, t))
    case 'noRepository':
      return w.noRepository(name)
    default:
      return undefined
  }
}

interface ProviderProps {
  piped: Piped | undefined
  kind: ApplicationKind
  choices: Choices
  value: string
  error: string | undefined
  onChange: (value: string) => void
}

// ProviderField offers the agent's providers for the kind.
export function ProviderField({ piped, kind, choices, value, error, onChange }: ProviderProps) {
  const t = useTexts()
  const w = t.applications.add
  return (
    <Choice
      label={w.provider}
      value={value}
      options={choices.providers.map(name => ({ value: name, label: name }))}
      onChange={onChange}
      hint={w.providerHint}
      error={error}
      why={saysWhy(choices.whyProvider, piped, kind, t)}
    />
  )
}

// Kinds are the platforms that this control plane can deploy to.
export const kinds = [ApplicationKind.ECS] as const

// NoPiped leads to the step that comes before.
export function NoPiped(): ReactNode {
  const t = useTexts()
  return (
    <EmptyState
      title={t.applications.add.noPiped}
      action={
        <Link to="/settings/piped" search={{ add: 'piped' }} className={buttonClass('main')}>
          {t.applications.add.toPiped}
        </Link>
      }
    />
  )
}
