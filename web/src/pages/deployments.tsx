import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { deploymentsPages, deploymentsTopic, useOldSince, useTopic } from '~/api'
import {
  activeFilters,
  DeploymentList,
  FilterBar,
  type Filters,
  NothingMatches,
  requestOf,
} from '~/features/deployments'
import { useFormats, useTexts } from '~/i18n'
import { Button, EmptyState, ErrorPanel, Page, SkeletonRows } from '~/kit'

const pageSize = 50

export function DeploymentsPage() {
  const t = useTexts()
  const f = useFormats()
  const search: Filters = useSearch({ from: '/shell/deployments' })
  const navigate = useNavigate({ from: '/deployments' })
  useTopic(deploymentsTopic)
  const list = useInfiniteQuery(deploymentsPages(requestOf(search, pageSize)))
  const oldSince = useOldSince(list)
  const rows = list.data?.pages.flatMap(p => p.deployments) ?? []
  const change = (filters: Filters) => void navigate({ search: filters, replace: true })
  const narrowed = activeFilters(search).length > 0
  return (
    <Page
      title={t.deployments.title}
      note={rows.length > 0 && t.deployments.count(rows.length, f.number(rows.length))}
      oldSince={oldSince}
    >
      <FilterBar filters={search} onChange={change} />
      {list.error && oldSince === undefined && (
        <ErrorPanel error={list.error} onRetry={() => void list.refetch()} busy={list.isFetching} />
      )}
      {list.isPending && <SkeletonRows height="2.2rem" />}
      {list.data && rows.length === 0 && !narrowed && (
        <EmptyState title={t.deployments.emptyTitle}>{t.deployments.emptyText}</EmptyState>
      )}
      {list.data && rows.length === 0 && narrowed && !list.isPlaceholderData && (
        <NothingMatches filters={search} onChange={change} />
      )}
      {rows.length > 0 && <DeploymentList of={rows} />}
      {list.hasNextPage && (
        <div>
          <Button onClick={() => void list.fetchNextPage()} busy={list.isFetchingNextPage}>
            {t.deployments.older}
          </Button>
        </div>
      )}
    </Page>
  )
}
