import { useQuery } from '@tanstack/react-query'
import { Search, SlidersHorizontal, X } from 'lucide-react'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { pipedsQuery } from '~/api'
import { kindName } from '~/features/application'
import { ApplicationKind } from '~/gen/model/model_pb'
import type { CountApplicationsResponse } from '~/gen/pipecd/web/v1/application_pb'
import { useFormats, useTexts } from '~/i18n'
import { Button, cx, Mark, Select, syncState, TextField, useShortcut } from '~/kit'
import styles from './applications.module.css'
import { facetsOf, isNarrowed, type ListFilter, labelOf, withLabel } from './filters'

interface Props {
  filter: ListFilter
  counts: CountApplicationsResponse | undefined
  onChange: (filter: ListFilter) => void
}

// Filters narrows the list on the server; every choice is in the address.
export function Filters({ filter, counts, onChange }: Props) {
  const t = useTexts()
  const w = t.applications
  const { name: _n, labels: _l, syncStatus: _s, ...behind } = filter
  const [more, setMore] = useState(Object.keys(behind).length > 0)
  return (
    <search className={styles.filters} aria-label={w.filters}>
      <div className={styles.row}>
        <NameFilter value={filter.name ?? ''} onChange={name => onChange(changed(filter, 'name', name))} />
        <span className={styles.moreButton}>
          <Button aria-expanded={more} onClick={() => setMore(!more)}>
            <SlidersHorizontal size={16} aria-hidden="true" />
            {w.moreFilters}
          </Button>
        </span>
        <div className={cx(styles.selects, !more && styles.folded)}>
          <Selects filter={filter} onChange={onChange} />
          <LabelFilter labels={filter.labels ?? []} onChange={labels => onChange(changed(filter, 'labels', labels))} />
        </div>
        {isNarrowed(filter) && (
          <Button look="quiet" onClick={() => onChange({})}>
            <X size={16} aria-hidden="true" />
            {t.common.clearFilters}
          </Button>
        )}
      </div>
      <Facets filter={filter} counts={counts} onChange={onChange} />
      {filter.labels && (
        <div className={styles.chosen}>
          {filter.labels.map(label => (
            <button
              key={label}
              type="button"
              className={styles.drop}
              aria-label={w.dropLabel(label)}
              onClick={() =>
                onChange(
                  changed(
                    filter,
                    'labels',
                    filter.labels?.filter(l => l !== label),
                  ),
                )
              }
            >
              {label}
              <X size={14} aria-hidden="true" />
            </button>
          ))}
        </div>
      )}
    </search>
  )
}

// changed sets or drops one part of a filter.
function changed<K extends keyof ListFilter>(filter: ListFilter, of: K, value: ListFilter[K] | '' | undefined) {
  const { [of]: _, ...rest } = filter
  const empty = value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
  return (empty ? rest : { ...rest, [of]: value }) as ListFilter
}

const typingPause = 200

// NameFilter asks when the typing pauses.
function NameFilter({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const t = useTexts()
  const w = t.applications
  const host = useRef<HTMLDivElement>(null)
  const [typed, setTyped] = useState(value)
  const latest = useRef({ value, onChange })
  useEffect(() => {
    latest.current = { value, onChange }
  })
  // The address changed by other means: back, a link, "clear filters".
  useEffect(() => setTyped(value), [value])
  useEffect(() => {
    const name = typed.trim()
    if (name === latest.current.value) return
    const timer = setTimeout(() => latest.current.onChange(name), typingPause)
    return () => clearTimeout(timer)
  }, [typed])
  useShortcut({
    keys: '/',
    label: t.shortcuts.search,
    group: 'page',
    run: () => host.current?.querySelector('input')?.focus(),
  })
  return (
    <div ref={host} className={styles.name}>
      <Search size={16} aria-hidden="true" />
      <TextField
        compact
        type="search"
        label={w.searchName}
        placeholder={w.searchPlaceholder}
        value={typed}
        onChange={setTyped}
        maxLength={255}
        autoComplete="off"
        spellCheck={false}
      />
    </div>
  )
}

function Selects({ filter, onChange }: Omit<Props, 'counts'>) {
  const t = useTexts()
  const w = t.applications
  const pipeds = useQuery(pipedsQuery({ pageSize: 500 })).data?.pipeds ?? []
  const known = pipeds.flatMap(p => (p.piped ? [{ value: p.piped.id, label: p.piped.name }] : []))
  const kinds = [...new Set<keyof typeof ApplicationKind>(['ECS', ...(filter.kind ? [filter.kind] : [])])]
  const missing = filter.pipedId && !known.some(o => o.value === filter.pipedId)
  return (
    <>
      <Select
        compact
        label={w.kind}
        placeholder={w.anyKind}
        value={filter.kind ?? ''}
        options={kinds.map(k => ({ value: k, label: kindName(ApplicationKind[k], t) }))}
        onChange={kind => onChange(changed(filter, 'kind', kind as ListFilter['kind']))}
      />
      <Select
        compact
        label={w.piped}
        placeholder={w.anyPiped}
        value={filter.pipedId ?? ''}
        options={missing ? [...known, { value: filter.pipedId ?? '', label: w.notListed }] : known}
        onChange={id => onChange(changed(filter, 'pipedId', id))}
      />
      <Select
        compact
        label={w.active}
        placeholder={w.anyActive}
        value={filter.activeStatus ?? ''}
        options={[
          { value: 'enabled', label: w.enabledOnly },
          { value: 'disabled', label: w.disabledOnly },
        ]}
        onChange={s => onChange(changed(filter, 'activeStatus', s as ListFilter['activeStatus']))}
      />
    </>
  )
}

function LabelFilter({ labels, onChange }: { labels: readonly string[]; onChange: (labels: string[]) => void }) {
  const t = useTexts()
  const w = t.applications
  const [typed, setTyped] = useState('')
  const [wrong, setWrong] = useState(false)
  const key = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.nativeEvent.isComposing || typed.trim() === '') return
    event.preventDefault()
    const label = labelOf(typed)
    setWrong(!label)
    if (!label) return
    setTyped('')
    onChange(withLabel(labels, label))
  }
  return (
    <div className={styles.label}>
      <TextField
        compact
        label={w.addLabel}
        placeholder={w.labelPlaceholder}
        value={typed}
        onChange={value => {
          setTyped(value)
          setWrong(false)
        }}
        onKeyDown={key}
        error={wrong ? w.labelWrong : undefined}
        autoComplete="off"
        spellCheck={false}
      />
    </div>
  )
}

// Facets chooses one status; each says how many have it.
function Facets({ filter, counts, onChange }: Props) {
  const t = useTexts()
  const f = useFormats()
  const facets = facetsOf(counts, filter.syncStatus)
  if (!counts) return <div className={styles.facets} aria-hidden="true" />
  return (
    <fieldset className={styles.facets}>
      <legend className="sr-only">{t.applications.byStatus}</legend>
      <button
        type="button"
        className={styles.facet}
        aria-pressed={filter.syncStatus === undefined}
        onClick={() => onChange(changed(filter, 'syncStatus', undefined))}
      >
        {t.common.all} <span className={styles.count}>{f.number(counts.total)}</span>
      </button>
      {facets.map(({ status, name, count }) => {
        const state = syncState(status, t)
        const chosen = filter.syncStatus === name
        return (
          <button
            key={name}
            type="button"
            className={styles.facet}
            aria-pressed={chosen}
            onClick={() => onChange(changed(filter, 'syncStatus', chosen ? undefined : name))}
          >
            <Mark shape={state.shape} tone={state.tone} />
            {state.word} <span className={styles.count}>{f.number(count)}</span>
          </button>
        )
      })}
    </fieldset>
  )
}
