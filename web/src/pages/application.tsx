import { Code } from '@connectrpc/connect'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { Suspense } from 'react'
import { applicationQuery, applicationTopic, isCode, useOldSince, useTopic } from '~/api'
import { EditDrawer } from '~/features/add-application'
import { ApplicationView } from '~/features/application'
import { useTexts } from '~/i18n'
import { buttonClass, ErrorPanel, Gone, Page, SkeletonRows } from '~/kit'

export function ApplicationPage() {
  const t = useTexts()
  const { id } = useParams({ from: '/shell/applications/$id' })
  const { edit } = useSearch({ from: '/shell/applications/$id' })
  const navigate = useNavigate({ from: '/applications/$id' })
  useTopic(applicationTopic(id))
  const query = useQuery(applicationQuery(id))
  const { data, error, isPending, isFetching, refetch } = query
  const oldSince = useOldSince(query)
  const setEdit = (open: boolean) =>
    void navigate({ search: ({ edit: _, ...rest }) => (open ? { ...rest, edit: 'application' as const } : rest) })
  const retry = () => void refetch()
  if (isCode(error, Code.NotFound))
    return (
      <Gone
        title={t.application.goneTitle}
        text={t.application.goneText}
        way={
          <Link to="/applications" className={buttonClass('main')}>
            {t.application.toList}
          </Link>
        }
      />
    )
  if (!data)
    return (
      <Page title={t.application.title}>
        {error && <ErrorPanel error={error} onRetry={retry} busy={isFetching} />}
        {isPending && <SkeletonRows />}
      </Page>
    )
  return (
    <>
      {error && oldSince === undefined && <ErrorPanel error={error} onRetry={retry} busy={isFetching} />}
      <Suspense
        fallback={
          <Page title={t.application.title}>
            <SkeletonRows />
          </Page>
        }
      >
        <ApplicationView app={data} oldSince={oldSince} onEdit={() => setEdit(true)} />
        {edit && data.application && <EditDrawer app={data.application} onClose={() => setEdit(false)} />}
      </Suspense>
    </>
  )
}
