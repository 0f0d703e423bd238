import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { applicationQuery, applicationTopic, useTopic } from '~/api'
import { ApplicationSyncStatus } from '~/gen/model/model_pb'
import { useTexts } from '~/i18n'
import { ErrorPanel, Page, SkeletonRows, StatusMark, syncState } from '~/kit'

export function ApplicationPage() {
  const t = useTexts()
  const { id } = useParams({ from: '/shell/applications/$id' })
  useTopic(applicationTopic(id))
  const { data, error, isPending, refetch } = useQuery(applicationQuery(id))
  const app = data?.application
  return (
    <Page
      title={app?.name ?? t.application.title}
      note={app && <StatusMark pill of={syncState(app.syncState?.status ?? ApplicationSyncStatus.UNKNOWN, t)} />}
    >
      {error && <ErrorPanel error={error} onRetry={() => void refetch()} />}
      {isPending && <SkeletonRows />}
    </Page>
  )
}
