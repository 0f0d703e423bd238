import { Piped_ConnectionStatus } from '~/gen/model/model_pb'
import type { Piped } from '~/gen/pipecd/web/v1/piped_pb'

export function isOffline(piped: Piped | undefined): boolean {
  return piped?.piped?.status === Piped_ConnectionStatus.OFFLINE
}

export function pipedName(piped: Piped | undefined): string {
  return piped?.piped?.name || '…'
}
