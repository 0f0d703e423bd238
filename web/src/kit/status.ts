import {
  ApplicationSyncStatus,
  CommandStatus,
  DeploymentStatus,
  ManualOperation,
  Piped_ConnectionStatus,
  StageStatus,
} from '~/gen/model/model_pb'
import type { Catalog } from '~/i18n'

export type Tone = 'ok' | 'bad' | 'warn' | 'run' | 'idle'

// Shape is drawn by Mark. No two states of one kind have the same shape.
export type Shape =
  | 'check'
  | 'cross'
  | 'ring'
  | 'back'
  | 'dashed'
  | 'planned'
  | 'slash'
  | 'skip'
  | 'stop'
  | 'person'
  | 'drift'
  | 'alert'
  | 'question'
  | 'dot'
  | 'plug'

export interface State {
  readonly tone: Tone
  readonly shape: Shape
  readonly word: string
}

const state = (tone: Tone, shape: Shape, word: string): State => ({ tone, shape, word })

export function syncState(s: ApplicationSyncStatus, t: Catalog): State {
  const w = t.status.sync
  switch (s) {
    case ApplicationSyncStatus.SYNCED:
      return state('ok', 'check', w.synced)
    case ApplicationSyncStatus.DEPLOYING:
      return state('run', 'ring', w.deploying)
    case ApplicationSyncStatus.OUT_OF_SYNC:
      return state('warn', 'drift', w.outOfSync)
    case ApplicationSyncStatus.INVALID_CONFIG:
      return state('bad', 'alert', w.invalidConfig)
    default:
      return state('idle', 'question', w.unknown)
  }
}

export function deploymentState(s: DeploymentStatus, t: Catalog): State {
  const w = t.status.deployment
  switch (s) {
    case DeploymentStatus.DEPLOYMENT_PENDING:
      return state('idle', 'dashed', w.pending)
    case DeploymentStatus.DEPLOYMENT_PLANNED:
      return state('idle', 'planned', w.planned)
    case DeploymentStatus.DEPLOYMENT_RUNNING:
      return state('run', 'ring', w.running)
    case DeploymentStatus.DEPLOYMENT_ROLLING_BACK:
      return state('warn', 'back', w.rollingBack)
    case DeploymentStatus.DEPLOYMENT_SUCCESS:
      return state('ok', 'check', w.success)
    case DeploymentStatus.DEPLOYMENT_FAILURE:
      return state('bad', 'cross', w.failure)
    default:
      return state('idle', 'slash', w.cancelled)
  }
}

export function isCompleted(s: DeploymentStatus): boolean {
  return s >= DeploymentStatus.DEPLOYMENT_SUCCESS
}

// stageState tells a stage that waits for people from one that works, and a
// rollback that is done from a stage that did what the deployment is for.
export function stageState(s: StageStatus, t: Catalog, operation?: ManualOperation, rollback = false): State {
  const w = t.status.stage
  if (rollback && s === StageStatus.STAGE_SUCCESS) return state('idle', 'back', w.rolledBack)
  switch (s) {
    case StageStatus.STAGE_RUNNING:
      return operation === ManualOperation.APPROVE
        ? state('warn', 'person', w.waitingApproval)
        : state('run', 'ring', w.running)
    case StageStatus.STAGE_SUCCESS:
      return state('ok', 'check', w.success)
    case StageStatus.STAGE_FAILURE:
      return state('bad', 'cross', w.failure)
    case StageStatus.STAGE_CANCELLED:
      return state('idle', 'slash', w.cancelled)
    case StageStatus.STAGE_SKIPPED:
      return state('idle', 'skip', w.skipped)
    case StageStatus.STAGE_EXITED:
      return state('idle', 'stop', w.exited)
    default:
      return state('idle', 'dashed', w.notStarted)
  }
}

export function pipedState(s: Piped_ConnectionStatus, disabled: boolean, t: Catalog): State {
  const w = t.status.piped
  if (disabled) return state('idle', 'slash', w.disabled)
  switch (s) {
    case Piped_ConnectionStatus.ONLINE:
      return state('ok', 'dot', w.online)
    case Piped_ConnectionStatus.OFFLINE:
      return state('bad', 'plug', w.offline)
    default:
      return state('idle', 'dashed', w.unknown)
  }
}

export function commandState(s: CommandStatus, t: Catalog): State {
  const w = t.status.command
  switch (s) {
    case CommandStatus.COMMAND_SUCCEEDED:
      return state('ok', 'check', w.succeeded)
    case CommandStatus.COMMAND_FAILED:
      return state('bad', 'cross', w.failed)
    case CommandStatus.COMMAND_TIMEOUT:
      return state('warn', 'alert', w.timeout)
    default:
      return state('run', 'ring', w.waiting)
  }
}
