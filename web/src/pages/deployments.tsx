import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { deploymentsPages, deploymentsTopic, ms, useTopic } from '~/api'
import type { Deployment } from '~/gen/model/model_pb'
import { type Catalog, useTexts } from '~/i18n'
import {
  Button,
  type Column,
  Commit,
  deploymentState,
  Elapsed,
  EmptyState,
  ErrorPanel,
  Page,
  Panel,
  RelativeTime,
  SkeletonRows,
  StatusMark,
  Table,
} from '~/kit'

const pageSize = 50

export function DeploymentsPage() {
  const t = useTexts()
  const search = useSearch({ from: '/shell/deployments' })
  useTopic(deploymentsTopic)
  const list = useInfiniteQuery(
    deploymentsPages({
      applicationId: search.applicationId ?? '',
      applicationName: search.applicationName ?? '',
      pageSize,
    }),
  )
  const rows = list.data?.pages.flatMap(p => p.deployments) ?? []
  return (
    <Page title={t.deployments.title}>
      {list.error && <ErrorPanel error={list.error} onRetry={() => void list.refetch()} busy={list.isFetching} />}
      {list.isPending && <SkeletonRows />}
      {list.data && rows.length === 0 && (
        <EmptyState title={t.deployments.emptyTitle}>{t.deployments.emptyText}</EmptyState>
      )}
      {rows.length > 0 && (
        <Panel>
          <Table label={t.deployments.title} columns={columnsOf(t)} rows={rows} keyOf={d => d.id} />
        </Panel>
      )}
      {list.hasNextPage && (
        <Button onClick={() => void list.fetchNextPage()} busy={list.isFetchingNextPage}>
          {t.common.showMore}
        </Button>
      )}
    </Page>
  )
}

function columnsOf(t: Catalog): Column<Deployment>[] {
  return [
    {
      id: 'status',
      heading: t.deployments.status,
      tight: true,
      cell: d => <StatusMark of={deploymentState(d.status, t)} />,
    },
    {
      id: 'application',
      heading: t.deployments.application,
      lead: true,
      cell: d => (
        <Link to="/deployments/$id" params={{ id: d.id }} data-row>
          {d.applicationName}
        </Link>
      ),
    },
    { id: 'summary', heading: t.deployments.summary, cell: d => d.summary || t.deployments.noSummary },
    {
      id: 'commit',
      heading: t.deployments.commit,
      tight: true,
      extra: true,
      cell: d =>
        d.trigger?.commit && (
          <Commit hash={d.trigger.commit.hash} url={d.trigger.commit.url} title={d.trigger.commit.message} />
        ),
    },
    {
      id: 'duration',
      heading: t.deployments.duration,
      tight: true,
      end: true,
      cell: d => <Elapsed from={ms(d.createdAt)} to={ms(d.completedAt)} />,
    },
    {
      id: 'started',
      heading: t.deployments.started,
      tight: true,
      end: true,
      cell: d => <RelativeTime at={ms(d.createdAt)} />,
    },
  ]
}
