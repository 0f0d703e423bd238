import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { applicationsQuery, applicationsTopic, ms, useTopic } from '~/api'
import { ApplicationSyncStatus } from '~/gen/model/model_pb'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { type Catalog, useFormats, useTexts } from '~/i18n'
import {
  type Column,
  EmptyState,
  ErrorPanel,
  Labels,
  Page,
  Pagination,
  Panel,
  RelativeTime,
  SkeletonRows,
  StatusMark,
  syncState,
  Table,
} from '~/kit'

const pageSize = 100

export function ApplicationsPage() {
  const t = useTexts()
  const f = useFormats()
  const search = useSearch({ from: '/shell/applications' })
  const navigate = useNavigate({ from: '/applications' })
  useTopic(applicationsTopic)
  const list = useQuery(applicationsQuery({ filter: { name: search.name ?? '' }, pageSize, cursor: search.page ?? '' }))
  const rows = list.data?.applications ?? []
  const cursor = list.data?.cursor
  return (
    <Page title={t.applications.title} note={list.data && t.applications.count(rows.length, f.number(rows.length))}>
      {list.error && <ErrorPanel error={list.error} onRetry={() => void list.refetch()} busy={list.isFetching} />}
      {list.isPending && <SkeletonRows />}
      {list.data && rows.length === 0 && (
        <EmptyState title={t.applications.emptyTitle}>{t.applications.emptyText}</EmptyState>
      )}
      {rows.length > 0 && (
        <Panel>
          <Table
            label={t.applications.title}
            columns={columnsOf(t)}
            rows={rows}
            keyOf={idOf}
            dim={a => a.application?.disabled ?? false}
          />
        </Panel>
      )}
      <Pagination
        onFirst={search.page ? () => void navigate({ search: ({ page: _, ...rest }) => rest }) : undefined}
        onNext={cursor ? () => void navigate({ search: s => ({ ...s, page: cursor }) }) : undefined}
        busy={list.isPlaceholderData}
      />
    </Page>
  )
}

function idOf(a: Application): string {
  return a.application?.id ?? ''
}

function columnsOf(t: Catalog): Column<Application>[] {
  return [
    {
      id: 'status',
      heading: t.applications.status,
      tight: true,
      cell: a => <StatusMark of={syncState(a.application?.syncState?.status ?? ApplicationSyncStatus.UNKNOWN, t)} />,
    },
    {
      id: 'name',
      heading: t.common.name,
      lead: true,
      cell: a => (
        <Link to="/applications/$id" params={{ id: idOf(a) }} data-row>
          {a.application?.name}
        </Link>
      ),
    },
    {
      id: 'version',
      heading: t.applications.version,
      cell: a => a.application?.mostRecentlySuccessfulDeployment?.version,
    },
    {
      id: 'labels',
      heading: t.applications.labels,
      extra: true,
      cell: a => <Labels of={a.application?.labels ?? {}} />,
    },
    { id: 'piped', heading: t.applications.piped, cell: a => a.pipedName },
    {
      id: 'updated',
      heading: t.applications.updated,
      tight: true,
      cell: a => <RelativeTime at={ms(a.application?.updatedAt ?? 0n)} />,
    },
  ]
}
