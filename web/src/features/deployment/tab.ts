import { shareNow } from '~/features/pipeline'
import { type Deployment, DeploymentStatus } from '~/gen/model/model_pb'
import type { Catalog, Formats } from '~/i18n'
import { deploymentState } from '~/kit'
import { versionOf } from './sentence'

const signs: Record<DeploymentStatus, string> = {
  [DeploymentStatus.DEPLOYMENT_PENDING]: '◌',
  [DeploymentStatus.DEPLOYMENT_PLANNED]: '◌',
  [DeploymentStatus.DEPLOYMENT_RUNNING]: '◐',
  [DeploymentStatus.DEPLOYMENT_ROLLING_BACK]: '↺',
  [DeploymentStatus.DEPLOYMENT_SUCCESS]: '✓',
  [DeploymentStatus.DEPLOYMENT_FAILURE]: '✕',
  [DeploymentStatus.DEPLOYMENT_CANCELLED]: '⊘',
}

// deploymentTab is the title of the browser's tab: the state first, since tabs are narrow.
export function deploymentTab(d: Deployment, waiting: boolean, t: Catalog, f: Formats): string {
  const version = versionOf(d, t)
  if (waiting) return `● ${t.status.stage.waitingApproval} · ${d.applicationName} ${version}`
  const share = d.status === DeploymentStatus.DEPLOYMENT_RUNNING ? ` ${f.percent(shareNow(d.stages))}` : ''
  return `${signs[d.status] ?? ''} ${deploymentState(d.status, t).word}${share} · ${d.applicationName} ${version}`
}
