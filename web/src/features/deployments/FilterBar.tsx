import { useQuery } from '@tanstack/react-query'
import { applicationQuery } from '~/api'
import { Chosen, changed, LabelField, NameField } from '~/features/narrowing'
import { useTexts } from '~/i18n'
import { Button, Select } from '~/kit'
import styles from './deployments.module.css'
import { activeFilters, type Filters } from './filters'
import { filterWord, kinds, kindWord, statuses, statusWord } from './words'

interface Props {
  filters: Filters
  onChange: (filters: Filters) => void
}

// FilterBar narrows the list; all of it is in the address.
export function FilterBar({ filters, onChange }: Props) {
  const t = useTexts()
  const w = t.deployments
  const chips = activeFilters(filters).filter(f => f.of === 'label' || f.of === 'applicationId')
  const name = useApplicationName(filters.applicationId)
  return (
    <search className={styles.filters} aria-label={w.filters}>
      <NameField
        value={filters.applicationName ?? ''}
        label={w.applicationName}
        onChange={v => onChange(changed(filters, 'applicationName', v))}
      />
      <Select
        compact
        label={w.status}
        placeholder={w.anyStatus}
        value={filters.status ?? ''}
        options={statuses.map(s => ({ value: s, label: statusWord(s, t) }))}
        onChange={v => onChange(changed(filters, 'status', v as Filters['status'] | ''))}
      />
      <Select
        compact
        label={w.kind}
        placeholder={w.anyKind}
        value={filters.kind ?? ''}
        options={kinds.map(k => ({ value: k, label: kindWord(k, t) }))}
        onChange={v => onChange(changed(filters, 'kind', v as Filters['kind'] | ''))}
      />
      <LabelField labels={filters.labels ?? []} onChange={labels => onChange(changed(filters, 'labels', labels))} />
      {activeFilters(filters).length > 0 && (
        <Button look="quiet" onClick={() => onChange({})}>
          {t.common.clearFilters}
        </Button>
      )}
      <Chosen choices={chips.map(f => ({ id: f.id, word: filterWord(f, t, name), drop: () => onChange(f.without) }))} />
    </search>
  )
}

export function useApplicationName(id: string | undefined): string | undefined {
  return useQuery({ ...applicationQuery(id ?? ''), enabled: id !== undefined }).data?.application?.name
}
