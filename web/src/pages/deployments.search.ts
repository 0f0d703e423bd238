import { ApplicationKind, DeploymentStatus } from '~/gen/model/model_pb'
import { enumName, type RawSearch, text, texts, without } from '~/kit/search'

export interface DeploymentsSearch {
  applicationName?: string
  applicationId?: string
  kind?: keyof typeof ApplicationKind
  status?: keyof typeof DeploymentStatus
  labels?: string[]
}

export function deploymentsSearch(raw: RawSearch): DeploymentsSearch {
  return without({
    applicationName: text(raw, 'applicationName'),
    applicationId: text(raw, 'applicationId'),
    kind: enumName(raw, 'kind', ApplicationKind) as DeploymentsSearch['kind'],
    status: enumName(raw, 'status', DeploymentStatus) as DeploymentsSearch['status'],
    labels: texts(raw, 'labels'),
  }) as DeploymentsSearch
}
