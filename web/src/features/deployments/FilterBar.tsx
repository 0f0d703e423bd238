import { useQuery } from '@tanstack/react-query'
import { X } from 'lucide-react'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { applicationQuery } from '~/api'
import { useTexts } from '~/i18n'
import { Button, IconButton, Select, TextField, useShortcut } from '~/kit'
import styles from './deployments.module.css'
import { activeFilters, type Filters, labelOf } from './filters'
import { filterWord, kinds, kindWord, statuses, statusWord } from './words'

const typingPause = 250

interface Props {
  filters: Filters
  onChange: (filters: Filters) => void
}

// set changes one filter; an empty value drops it.
function set<K extends keyof Filters>(filters: Filters, name: K, value: Filters[K] | ''): Filters {
  const { [name]: _, ...rest } = filters
  return value ? ({ ...rest, [name]: value } as Filters) : rest
}

// FilterBar narrows the list; all of it is in the address.
export function FilterBar({ filters, onChange }: Props) {
  const t = useTexts()
  const w = t.deployments
  const chips = activeFilters(filters).filter(f => f.of === 'label' || f.of === 'applicationId')
  const name = useApplicationName(filters.applicationId)
  return (
    <search className={styles.filters} aria-label={w.filters}>
      <NameFilter value={filters.applicationName ?? ''} onChange={v => onChange(set(filters, 'applicationName', v))} />
      <Select
        compact
        label={w.status}
        placeholder={w.anyStatus}
        value={filters.status ?? ''}
        options={statuses.map(s => ({ value: s, label: statusWord(s, t) }))}
        onChange={v => onChange(set(filters, 'status', v as Filters['status'] | ''))}
      />
      <Select
        compact
        label={w.kind}
        placeholder={w.anyKind}
        value={filters.kind ?? ''}
        options={kinds.map(k => ({ value: k, label: kindWord(k, t) }))}
        onChange={v => onChange(set(filters, 'kind', v as Filters['kind'] | ''))}
      />
      <LabelFilter
        onAdd={label => onChange({ ...filters, labels: [...new Set([...(filters.labels ?? []), label])] })}
      />
      {activeFilters(filters).length > 0 && (
        <Button look="quiet" onClick={() => onChange({})}>
          {t.common.clearFilters}
        </Button>
      )}
      {chips.length > 0 && (
        <ul className={styles.active}>
          {chips.map(f => (
            <li key={f.id} className={styles.activeChip}>
              {filterWord(f, t, name)}
              <IconButton
                label={w.without(filterWord(f, t, name))}
                icon={<X size={14} aria-hidden="true" />}
                onClick={() => onChange(f.without)}
              />
            </li>
          ))}
        </ul>
      )}
    </search>
  )
}

export function useApplicationName(id: string | undefined): string | undefined {
  return useQuery({ ...applicationQuery(id ?? ''), enabled: id !== undefined }).data?.application?.name
}

// NameFilter waits for a pause in typing before it asks.
function NameFilter({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const t = useTexts()
  const box = useRef<HTMLDivElement>(null)
  const [typed, setTyped] = useState(value)
  const latest = useRef(onChange)
  useEffect(() => {
    latest.current = onChange
  })
  useEffect(() => setTyped(value), [value])
  useEffect(() => {
    if (typed.trim() === value) return
    const timer = setTimeout(() => latest.current(typed.trim()), typingPause)
    return () => clearTimeout(timer)
  }, [typed, value])
  useShortcut({
    keys: '/',
    label: t.shortcuts.search,
    group: 'page',
    run: () => box.current?.querySelector('input')?.focus(),
  })
  return (
    <div ref={box} className={styles.byName}>
      <TextField
        compact
        type="search"
        label={t.deployments.applicationName}
        placeholder={t.deployments.applicationName}
        value={typed}
        onChange={setTyped}
        autoComplete="off"
        spellCheck={false}
      />
    </div>
  )
}

function LabelFilter({ onAdd }: { onAdd: (label: string) => void }) {
  const t = useTexts()
  const [typed, setTyped] = useState('')
  const [error, setError] = useState<string>()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!typed.trim()) return
    const label = labelOf(typed)
    if (!label) return setError(t.deployments.labelWrong)
    onAdd(label.join(':'))
    setTyped('')
  }
  return (
    <form onSubmit={submit} className={styles.byLabel}>
      <TextField
        compact
        label={t.deployments.label}
        placeholder={t.deployments.labelPlaceholder}
        value={typed}
        error={error}
        onChange={v => {
          setTyped(v)
          setError(undefined)
        }}
        autoComplete="off"
        spellCheck={false}
      />
    </form>
  )
}
