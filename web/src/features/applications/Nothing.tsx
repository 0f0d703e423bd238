import { useQueries } from '@tanstack/react-query'
import { applicationCountsQuery } from '~/api'
import { kindName } from '~/features/application'
import { ApplicationKind, ApplicationSyncStatus } from '~/gen/model/model_pb'
import { type Catalog, useFormats, useTexts } from '~/i18n'
import { Button, EmptyState, syncState } from '~/kit'
import styles from './applications.module.css'
import { type ListFilter, listedCount, type Narrowing, narrowingsOf, requestOf } from './filters'

interface Props {
  filter: ListFilter
  // Names of agents by id.
  pipedName: (id: string) => string
  onChange: (filter: ListFilter) => void
}

// Nothing says which filter hides everything: how many there would be without
// each one of them.
export function Nothing({ filter, pipedName, onChange }: Props) {
  const t = useTexts()
  const f = useFormats()
  const w = t.applications.nothing
  const narrowings = narrowingsOf(filter)
  const answers = useQueries({
    queries: narrowings.map(n => applicationCountsQuery({ filter: requestOf(n.without) })),
  })
  const loading = answers.some(a => a.isPending)
  const helpful = narrowings.flatMap((n, i) => {
    const counts = answers[i]?.data
    const count = counts ? listedCount(counts, n.without.syncStatus) : 0
    return count > 0 ? [{ n, count }] : []
  })
  const said = helpful.length > 0 ? w.drop : loading ? w.looking : narrowings.length > 1 ? w.all : w.only
  return (
    <EmptyState
      title={w.title}
      action={
        <div className={styles.ways}>
          {helpful.map(({ n, count }) => (
            <Button key={`${n.of} ${n.value}`} onClick={() => onChange(n.without)}>
              {w.without(nameOf(n, pipedName, t))}
              <span className={styles.count}>{f.number(count)}</span>
            </Button>
          ))}
          <Button look={helpful.length > 0 ? 'quiet' : 'plain'} onClick={() => onChange({})}>
            {t.common.clearFilters}
          </Button>
        </div>
      }
    >
      {said}
    </EmptyState>
  )
}

function nameOf({ of, value }: Narrowing, pipedName: (id: string) => string, t: Catalog): string {
  const w = t.applications.nothing
  switch (of) {
    case 'name':
      return w.filterName(value)
    case 'kind':
      return w.filterKind(kindName(ApplicationKind[value as keyof typeof ApplicationKind], t))
    case 'syncStatus': {
      const status = ApplicationSyncStatus[value as keyof typeof ApplicationSyncStatus]
      return w.filterStatus(syncState(status, t).word)
    }
    case 'activeStatus':
      return value === 'disabled' ? t.applications.disabledOnly : t.applications.enabledOnly
    case 'pipedId':
      return w.filterPiped(pipedName(value))
    case 'labels':
      return w.filterLabel(value)
  }
}
