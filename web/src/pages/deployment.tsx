import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { deploymentQuery, deploymentTopic, useTopic } from '~/api'
import { useTexts } from '~/i18n'
import { deploymentState, ErrorPanel, Page, SkeletonRows, StatusMark } from '~/kit'

export function DeploymentPage() {
  const t = useTexts()
  const { id } = useParams({ from: '/shell/deployments/$id' })
  useTopic(deploymentTopic(id))
  const { data, error, isPending, refetch } = useQuery(deploymentQuery(id))
  return (
    <Page
      title={data?.applicationName ?? t.deployment.title}
      note={data && <StatusMark pill of={deploymentState(data.status, t)} />}
    >
      {error && <ErrorPanel error={error} onRetry={() => void refetch()} />}
      {isPending && <SkeletonRows />}
    </Page>
  )
}
