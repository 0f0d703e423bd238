import { useQueries } from '@tanstack/react-query'
import { deploymentsQuery } from '~/api'
import { useTexts } from '~/i18n'
import { Button, EmptyState } from '~/kit'
import styles from './deployments.module.css'
import { useApplicationName } from './FilterBar'
import { activeFilters, type Filters, requestOf } from './filters'
import { filterWord } from './words'

interface Props {
  filters: Filters
  onChange: (filters: Filters) => void
}

// NothingMatches says which filter to drop: those without which there would be
// something.
export function NothingMatches({ filters, onChange }: Props) {
  const t = useTexts()
  const w = t.deployments.nothing
  const all = activeFilters(filters)
  const name = useApplicationName(filters.applicationId)
  const tried = useQueries({ queries: all.map(f => deploymentsQuery({ ...requestOf(f.without, 1), cursor: '' })) })
  const waiting = tried.some(q => q.isPending)
  const helpful = all.filter((_, i) => (tried[i]?.data?.deployments.length ?? 0) > 0)
  return (
    <EmptyState
      title={w.title}
      action={
        <div className={styles.drops}>
          {helpful.map(f => (
            <Button key={f.id} onClick={() => onChange(f.without)}>
              {w.without(filterWord(f, t, name))}
            </Button>
          ))}
          {!waiting && helpful.length === 0 && <Button onClick={() => onChange({})}>{t.common.clearFilters}</Button>}
        </div>
      }
    >
      {waiting ? w.looking : helpful.length > 0 ? w.drop : w.all}
    </EmptyState>
  )
}
