import type { CountRequest } from '~/api'
import { labelsOf } from '~/features/narrowing'
import { ApplicationKind, ApplicationSyncStatus } from '~/gen/model/model_pb'
import type { CountApplicationsResponse } from '~/gen/pipecd/web/v1/application_pb'

// ListFilter is what narrows the list, as the address has it.
export interface ListFilter {
  name?: string
  kind?: keyof typeof ApplicationKind
  syncStatus?: keyof typeof ApplicationSyncStatus
  activeStatus?: 'enabled' | 'disabled'
  pipedId?: string
  labels?: string[]
}

// filterOf takes the filter out of the address.
export function filterOf({ name, kind, syncStatus, activeStatus, pipedId, labels }: ListFilter): ListFilter {
  return {
    ...(name !== undefined && { name }),
    ...(kind !== undefined && { kind }),
    ...(syncStatus !== undefined && { syncStatus }),
    ...(activeStatus !== undefined && { activeStatus }),
    ...(pipedId !== undefined && { pipedId }),
    ...(labels !== undefined && labels.length > 0 && { labels }),
  }
}

// requestOf is the filter as the control plane is asked.
export function requestOf(filter: ListFilter): NonNullable<CountRequest['filter']> {
  return {
    name: filter.name ?? '',
    pipedId: filter.pipedId ?? '',
    kinds: filter.kind === undefined ? [] : [ApplicationKind[filter.kind]],
    syncStatuses: filter.syncStatus === undefined ? [] : [ApplicationSyncStatus[filter.syncStatus]],
    labels: labelsOf(filter.labels),
    ...(filter.activeStatus !== undefined && { disabled: filter.activeStatus === 'disabled' }),
  }
}

// Narrowing is one part of a filter, and the filter without it.
export interface Narrowing {
  readonly of: keyof ListFilter
  readonly value: string
  readonly without: ListFilter
}

export function narrowingsOf(filter: ListFilter): Narrowing[] {
  const { labels = [], ...single } = filterOf(filter)
  const names = Object.keys(single) as (keyof typeof single)[]
  return [
    ...names.map(of => {
      const { [of]: value, ...rest } = single
      return { of, value: String(value), without: { ...rest, ...(labels.length > 0 && { labels }) } }
    }),
    ...labels.map(value => {
      const others = labels.filter(l => l !== value)
      return { of: 'labels' as const, value, without: { ...single, ...(others.length > 0 && { labels: others }) } }
    }),
  ]
}

export function isNarrowed(filter: ListFilter): boolean {
  return narrowingsOf(filter).length > 0
}

// Facet is a status and how many applications have it.
export interface Facet {
  readonly status: ApplicationSyncStatus
  readonly name: keyof typeof ApplicationSyncStatus
  readonly count: number
}

// What needs a look comes first.
const order = [
  ApplicationSyncStatus.INVALID_CONFIG,
  ApplicationSyncStatus.OUT_OF_SYNC,
  ApplicationSyncStatus.DEPLOYING,
  ApplicationSyncStatus.SYNCED,
  ApplicationSyncStatus.UNKNOWN,
] as const

// facetsOf are the statuses that there are, and the chosen one even when nothing
// has it.
export function facetsOf(counts: CountApplicationsResponse | undefined, chosen: ListFilter['syncStatus']): Facet[] {
  return order
    .map(status => ({
      status,
      name: ApplicationSyncStatus[status] as keyof typeof ApplicationSyncStatus,
      count: counts?.statuses.find(s => s.status === status)?.count ?? 0,
    }))
    .filter(f => f.count > 0 || f.name === chosen)
}

// listedCount is how many a list with the filter has: counts leave the status
// aside.
export function listedCount(counts: CountApplicationsResponse, syncStatus: ListFilter['syncStatus']): number {
  if (syncStatus === undefined) return counts.total
  return counts.statuses.find(s => s.status === ApplicationSyncStatus[syncStatus])?.count ?? 0
}
