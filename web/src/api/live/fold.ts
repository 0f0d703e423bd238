import type { QueryClient, QueryKey } from '@tanstack/react-query'
import type { SubscribeResponse } from '~/gen/pipecd/web/v1/subscribe_pb'
import { keys } from '../keys'

// fold puts what an event brings into the query cache. An older state than the
// cache's never replaces a newer one: an answer and an event may cross.
export function fold(client: QueryClient, event: SubscribeResponse['event']): void {
  switch (event.case) {
    case 'deployment':
      return replace(client, keys.deployment(event.value.id), event.value, d => d.updatedAt)
    case 'application':
      return replace(
        client,
        keys.application(event.value.application?.id ?? ''),
        event.value,
        a => a.application?.updatedAt ?? 0n,
      )
    case 'command':
      return replace(client, keys.command(event.value.id), event.value, c => c.updatedAt)
    case 'piped':
      // Being online is not a change of the agent's row, so its time says nothing.
      return replace(client, keys.piped(event.value.piped?.id ?? ''), event.value, () => 0n)
    default:
  }
}

function replace<T>(client: QueryClient, key: QueryKey, value: T, revision: (value: T) => bigint): void {
  client.setQueryData<T>(key, old => (old !== undefined && revision(old) > revision(value) ? old : value))
}

// Refresher makes entries stale and asks again, but never twice at once for the
// same: a change that comes while an answer is under way leads to one more call
// after it, so that a busy list neither starves nor misses the last change.
export class Refresher {
  private running = new Map<string, boolean>() // whether to run again
  private readonly client: QueryClient

  constructor(client: QueryClient) {
    this.client = client
  }

  async refresh(queryKey: QueryKey): Promise<void> {
    const name = JSON.stringify(queryKey)
    if (this.running.has(name)) {
      this.running.set(name, true)
      return
    }
    do {
      this.running.set(name, false)
      await this.client.invalidateQueries({ queryKey }, { cancelRefetch: false })
    } while (this.running.get(name))
    this.running.delete(name)
  }
}
