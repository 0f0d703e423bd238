import { useQuery } from '@tanstack/react-query'
import { SlidersHorizontal, X } from 'lucide-react'
import { useState } from 'react'
import { pipedsQuery } from '~/api'
import { kindName } from '~/features/application'
import { Chosen, changed, LabelField, NameField } from '~/features/narrowing'
import { ApplicationKind } from '~/gen/model/model_pb'
import type { CountApplicationsResponse } from '~/gen/pipecd/web/v1/application_pb'
import { useFormats, useTexts } from '~/i18n'
import { Button, cx, Mark, Select, syncState } from '~/kit'
import styles from './applications.module.css'
import { facetsOf, isNarrowed, type ListFilter } from './filters'

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
        <NameField
          value={filter.name ?? ''}
          label={t.common.name}
          onChange={name => onChange(changed(filter, 'name', name))}
        />
        <span className={styles.moreButton}>
          <Button aria-expanded={more} onClick={() => setMore(!more)}>
            <SlidersHorizontal size={16} aria-hidden="true" />
            {w.moreFilters}
          </Button>
        </span>
        <div className={cx(styles.selects, !more && styles.folded)}>
          <Selects filter={filter} onChange={onChange} />
          <LabelField labels={filter.labels ?? []} onChange={labels => onChange(changed(filter, 'labels', labels))} />
        </div>
        {isNarrowed(filter) && (
          <Button look="quiet" onClick={() => onChange({})}>
            <X size={16} aria-hidden="true" />
            {t.common.clearFilters}
          </Button>
        )}
      </div>
      <Facets filter={filter} counts={counts} onChange={onChange} />
      <Chosen
        choices={(filter.labels ?? []).map(label => ({
          id: label,
          word: label,
          drop: () =>
            onChange(
              changed(
                filter,
                'labels',
                filter.labels?.filter(l => l !== label),
              ),
            ),
        }))}
      />
    </search>
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
