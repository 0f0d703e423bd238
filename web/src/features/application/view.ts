import {
  type ApplicationDeploymentReference,
  ApplicationKind,
  ApplicationSyncStatus,
  type DeploymentTrigger,
} from '~/gen/model/model_pb'
import type { Application, DeploymentBrief } from '~/gen/pipecd/web/v1/application_pb'
import type { Catalog } from '~/i18n'
import { isCompleted } from '~/kit'

// displayStatus is what people are shown, and what the list's filter means:
// DEPLOYING while a deployment runs, the reported state otherwise.
export function displayStatus(app: Application): ApplicationSyncStatus {
  const a = app.application
  if (a?.deploying) return ApplicationSyncStatus.DEPLOYING
  return a?.syncState?.status ?? ApplicationSyncStatus.UNKNOWN
}

function versionOf(of: ApplicationDeploymentReference | undefined): string {
  return of?.versions[0]?.version || of?.version || ''
}

// liveVersion is the version that was brought out last; undefined before the
// first, empty when the deployment did not name one.
export function liveVersion(app: Application): string | undefined {
  const last = app.application?.mostRecentlySuccessfulDeployment
  return last && versionOf(last)
}

// overrideOf returns why what runs is not of the branch's head: somebody went back
// to an earlier version, and nothing was brought out since.
export function overrideOf(app: Application): DeploymentTrigger | undefined {
  const trigger = app.application?.mostRecentlySuccessfulDeployment?.trigger
  return trigger?.rolledBackTo ? trigger : undefined
}

// running is the deployment that has not ended.
export function running(app: Application): DeploymentBrief | undefined {
  const latest = app.latest
  return latest && !isCompleted(latest.status) ? latest : undefined
}

// kindName is the platform's name.
export function kindName(kind: ApplicationKind, t: Catalog): string {
  switch (kind) {
    case ApplicationKind.KUBERNETES:
      return t.status.kind.kubernetes
    case ApplicationKind.TERRAFORM:
      return t.status.kind.terraform
    case ApplicationKind.LAMBDA:
      return t.status.kind.lambda
    case ApplicationKind.CLOUDRUN:
      return t.status.kind.cloudRun
    default:
      return t.status.kind.ecs
  }
}

// isRoot holds for the spellings of a repository's root.
export function isRoot(path: string): boolean {
  return ['', '.', './'].includes(path.trim())
}

// filePath is where the application's file is in its repository.
export function filePath(path: string, configFilename: string): string {
  const name = configFilename || defaultConfigFilename
  return isRoot(path) ? name : `${path.trim().replace(/^\.\//, '').replace(/\/+$/, '')}/${name}`
}

export const defaultConfigFilename = 'app.pipecd.yaml'

// isUnreadable reports whether the agent cannot read the application's
// repository: it does not know how the application stands, and says why.
export function isUnreadable(app: Application): boolean {
  return displayStatus(app) === ApplicationSyncStatus.UNKNOWN && !!app.application?.syncState?.reason
}
