import type { MessageInitShape } from '@bufbuild/protobuf'
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { CountApplicationsRequestSchema, ListApplicationsRequestSchema } from '~/gen/pipecd/web/v1/application_pb'
import type { ListDeploymentsRequestSchema } from '~/gen/pipecd/web/v1/deployment_pb'
import { setServerTime } from './clock'
import { keys } from './keys'
import { api } from './transport'

// Every read of the control plane, one function each. Use them with useQuery;
// what the stream brings is folded into the same entries (live/fold.ts).

export const meQuery = queryOptions({
  queryKey: keys.me,
  queryFn: async ({ signal }) => {
    const me = await api.getMe({}, { signal })
    if (me.now > 0n) setServerTime(Number(me.now) * 1000)
    return me
  },
  staleTime: 60_000,
  refetchOnWindowFocus: 'always',
})

export type ApplicationsRequest = MessageInitShape<typeof ListApplicationsRequestSchema>
export type CountRequest = MessageInitShape<typeof CountApplicationsRequestSchema>
export type DeploymentsRequest = MessageInitShape<typeof ListDeploymentsRequestSchema>

export const applicationQuery = (id: string) =>
  queryOptions({
    queryKey: keys.application(id),
    queryFn: async ({ signal }) => orThrow((await api.getApplication({ applicationId: id }, { signal })).application),
  })

export const applicationsQuery = (request: ApplicationsRequest) =>
  queryOptions({
    queryKey: [...keys.applications, 'page', request],
    queryFn: ({ signal }) => api.listApplications(request, { signal }),
    placeholderData: keepPreviousData,
  })

export const applicationCountsQuery = (request: CountRequest) =>
  queryOptions({
    queryKey: [...keys.applications, 'counts', request],
    queryFn: ({ signal }) => api.countApplications(request, { signal }),
    placeholderData: keepPreviousData,
  })

export const deploymentQuery = (id: string) =>
  queryOptions({
    queryKey: keys.deployment(id),
    queryFn: async ({ signal }) => orThrow((await api.getDeployment({ deploymentId: id }, { signal })).deployment),
  })

export const deploymentsQuery = (request: DeploymentsRequest) =>
  queryOptions({
    queryKey: [...keys.deployments, 'page', request],
    queryFn: ({ signal }) => api.listDeployments(request, { signal }),
    placeholderData: keepPreviousData,
  })

// deploymentsPages is the list for scrolling on: fetchNextPage() follows the cursor.
export const deploymentsPages = (request: Omit<DeploymentsRequest, 'cursor'>) =>
  infiniteQueryOptions({
    queryKey: [...keys.deployments, 'pages', request],
    queryFn: ({ signal, pageParam }) =>
      api.listDeployments({ ...request, cursor: pageParam } as DeploymentsRequest, { signal }),
    initialPageParam: '',
    getNextPageParam: last => last.cursor || undefined,
    placeholderData: keepPreviousData,
  })

export const pipedQuery = (id: string) =>
  queryOptions({
    queryKey: keys.piped(id),
    queryFn: async ({ signal }) => orThrow((await api.getPiped({ pipedId: id }, { signal })).piped),
  })

export const pipedsQuery = (request: { pageSize?: number; cursor?: string } = {}) =>
  queryOptions({
    queryKey: [...keys.pipeds, 'page', request],
    queryFn: ({ signal }) => api.listPipeds(request, { signal }),
    placeholderData: keepPreviousData,
  })

export const suggestionsQuery = queryOptions({
  queryKey: keys.suggestions,
  queryFn: async ({ signal }) => (await api.listSuggestions({}, { signal })).applications,
})

export const commandQuery = (id: string) =>
  queryOptions({
    queryKey: keys.command(id),
    queryFn: async ({ signal }) => orThrow((await api.getCommand({ commandId: id }, { signal })).command),
  })

function orThrow<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the answer is empty')
  return value
}
