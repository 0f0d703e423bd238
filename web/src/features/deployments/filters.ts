import { labelsOf } from '~/features/narrowing'
import { ApplicationKind, DeploymentStatus } from '~/gen/model/model_pb'

// Filters are the list's, as they are in the address.
export interface Filters {
  applicationName?: string
  applicationId?: string
  kind?: keyof typeof ApplicationKind
  status?: keyof typeof DeploymentStatus
  // "key:value"
  labels?: string[]
}

export interface Filter {
  readonly id: string
  readonly of: 'applicationName' | 'applicationId' | 'kind' | 'status' | 'label'
  readonly value: string
  // The same list without this filter.
  readonly without: Filters
}

// activeFilters lists what narrows the list, each label by itself.
export function activeFilters(f: Filters): Filter[] {
  const out: Filter[] = []
  for (const of of ['applicationId', 'applicationName', 'status', 'kind'] as const) {
    const { [of]: value, ...without } = f
    if (value !== undefined) out.push({ id: of, of, value, without })
  }
  for (const label of f.labels ?? [])
    out.push({ id: `label/${label}`, of: 'label', value: label, without: withoutLabel(f, label) })
  return out
}

export function withoutLabel({ labels = [], ...rest }: Filters, label: string): Filters {
  const left = labels.filter(l => l !== label)
  return left.length > 0 ? { ...rest, labels: left } : rest
}

// requestOf is what the control plane is asked.
export function requestOf(f: Filters, pageSize: number) {
  return {
    applicationId: f.applicationId ?? '',
    applicationName: f.applicationName ?? '',
    kinds: f.kind ? [ApplicationKind[f.kind]] : [],
    statuses: f.status ? [DeploymentStatus[f.status]] : [],
    labels: labelsOf(f.labels),
    pageSize,
  }
}
