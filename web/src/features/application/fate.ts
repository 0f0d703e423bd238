import { type Command, CommandStatus, SyncStrategy } from '~/gen/model/model_pb'
import type { Catalog } from '~/i18n'

// SyncRequest is a SYNC that somebody pressed in this browser tab.
export interface SyncRequest {
  readonly strategy: SyncStrategy
  // Set when the control plane took it.
  readonly commandId?: string
  // Set when it did not.
  readonly error?: unknown
}

// Fate is what became of it.
export type Fate =
  | { readonly kind: 'asking' | 'waiting' | 'offline' | 'lapsed' }
  | { readonly kind: 'notSent'; readonly error: unknown }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'started'; readonly deploymentId: string }

// Keys of a handled command's metadata.
const deploymentKey = 'TriggeredDeploymentID'
const reasonKey = 'Reason'

// fateOf tells what became of a request, by its command when that is known.
export function fateOf(request: SyncRequest, command: Command | undefined, pipedOnline: boolean): Fate {
  if (request.error !== undefined) return { kind: 'notSent', error: request.error }
  if (request.commandId === undefined) return { kind: 'asking' }
  switch (command?.status) {
    case CommandStatus.COMMAND_SUCCEEDED:
      return { kind: 'started', deploymentId: command.metadata[deploymentKey] ?? '' }
    case CommandStatus.COMMAND_FAILED:
      return { kind: 'failed', reason: command.metadata[reasonKey] ?? '' }
    case CommandStatus.COMMAND_TIMEOUT:
      return { kind: 'lapsed' }
    default:
      return { kind: pipedOnline ? 'waiting' : 'offline' }
  }
}

// isOpen holds while the answer is not known.
export function isOpen(fate: Fate): boolean {
  return fate.kind === 'asking' || fate.kind === 'waiting' || fate.kind === 'offline'
}

export function strategyName(strategy: SyncStrategy, t: Catalog): string {
  switch (strategy) {
    case SyncStrategy.QUICK_SYNC:
      return t.status.strategy.quickSync
    case SyncStrategy.PIPELINE:
      return t.status.strategy.pipeline
    default:
      return t.status.strategy.auto
  }
}
