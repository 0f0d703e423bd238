import { ApplicationKind, DeploymentStatus } from '~/gen/model/model_pb'
import type { Catalog } from '~/i18n'
import { deploymentState } from '~/kit'
import type { Filter } from './filters'

export function kindWord(kind: keyof typeof ApplicationKind, t: Catalog): string {
  const w = t.status.kind
  const words = { KUBERNETES: w.kubernetes, TERRAFORM: w.terraform, LAMBDA: w.lambda, CLOUDRUN: w.cloudRun, ECS: w.ecs }
  return words[kind]
}

export function statusWord(status: keyof typeof DeploymentStatus, t: Catalog): string {
  return deploymentState(DeploymentStatus[status], t).word
}

export const kinds = Object.keys(ApplicationKind).filter(k =>
  Number.isNaN(Number(k)),
) as (keyof typeof ApplicationKind)[]
export const statuses = Object.keys(DeploymentStatus).filter(k =>
  Number.isNaN(Number(k)),
) as (keyof typeof DeploymentStatus)[]

// filterWord names a filter for a person.
export function filterWord(f: Filter, t: Catalog, application: string | undefined): string {
  const w = t.deployments.filter
  switch (f.of) {
    case 'applicationId':
      return w.application(application ?? f.value)
    case 'applicationName':
      return w.name(f.value)
    case 'kind':
      return w.kind(kindWord(f.value as keyof typeof ApplicationKind, t))
    case 'status':
      return w.status(statusWord(f.value as keyof typeof DeploymentStatus, t))
    case 'label':
      return w.label(f.value)
  }
}
