import { Code } from '@connectrpc/connect'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useRouter, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'
import '~/i18n/en/late/deployment'
import { deploymentQuery, deploymentTopic, isCode, useOldSince, useTopic } from '~/api'
import { DeploymentView, type Place } from '~/features/deployment'
import { useTexts } from '~/i18n'
import { buttonClass, ErrorPanel, Gone, Page, SkeletonRows, without } from '~/kit'

export function DeploymentPage() {
  const t = useTexts()
  const { id } = useParams({ from: '/shell/deployments/$id' })
  const search = useSearch({ from: '/shell/deployments/$id' })
  const navigate = useNavigate({ from: '/deployments/$id' })
  const router = useRouter()
  useTopic(deploymentTopic(id))
  const query = useQuery(deploymentQuery(id))
  const { data, error, isPending, isFetching, refetch } = query
  const oldSince = useOldSince(query)
  const onPlace = useCallback(
    (place: Place) =>
      void navigate({ search: s => without({ ...s, ...place }) as typeof s, replace: true, resetScroll: false }),
    [navigate],
  )
  const hrefOf = useCallback(
    (place: Place) =>
      router.buildLocation({
        to: '/deployments/$id',
        params: { id },
        search: s => without({ ...s, ...place }) as never,
      }).href,
    [router, id],
  )
  if (isCode(error, Code.NotFound))
    return (
      <Gone
        title={t.deployment.goneTitle}
        text={t.deployment.goneText}
        way={
          <Link to="/deployments" className={buttonClass('main')}>
            {t.deployment.toList}
          </Link>
        }
      />
    )
  const trouble = error && <ErrorPanel error={error} onRetry={() => void refetch()} busy={isFetching} />
  if (!data)
    return (
      <Page title={t.deployment.title}>
        {trouble}
        {isPending && <SkeletonRows />}
      </Page>
    )
  return (
    <>
      {oldSince === undefined && trouble}
      <DeploymentView key={id} deployment={data} oldSince={oldSince} place={search} hrefOf={hrefOf} onPlace={onPlace} />
    </>
  )
}
