import { useQuery, useQueryClient } from '@tanstack/react-query'
import { api, commandQuery, commandTopic, deploymentsTopic, keys, Store, useStore, useTopic } from '~/api'
import type { SyncStrategy } from '~/gen/model/model_pb'
import type { Application } from '~/gen/pipecd/web/v1/application_pb'
import { type Fate, fateOf, isOpen, type SyncRequest } from './fate'

// The last request for each application. It outlives the page, so that what was
// asked for in the list is also answered on the application's page.
const requests = new Store<Readonly<Record<string, SyncRequest>>>({})

function set(id: string, request: SyncRequest | undefined): void {
  const { [id]: _, ...others } = requests.get()
  requests.set(request ? { ...others, [id]: request } : others)
}

async function ask(id: string, strategy: SyncStrategy): Promise<void> {
  const mine: SyncRequest = { strategy }
  set(id, mine)
  const answer = await api.syncApplication({ applicationId: id, strategy }).then(
    ({ commandId }) => ({ strategy, commandId }),
    (error: unknown) => ({ strategy, error }),
  )
  // A newer request is not overwritten.
  if (requests.get()[id] === mine) set(id, answer)
}

export interface Sync {
  readonly strategy: SyncStrategy | undefined
  // What became of the last request; undefined when there was none.
  readonly fate: Fate | undefined
  // That the command cannot be read at the moment.
  readonly unanswered: boolean
  readonly busy: boolean
  ask(strategy: SyncStrategy): void
  dismiss(): void
}

// useSync asks for deployments of one application and follows the command.
export function useSync(app: Application): Sync {
  const id = app.application?.id ?? ''
  const queries = useQueryClient()
  const request = useStore(requests)[id]
  const commandId = request?.commandId
  const command = useQuery({ ...commandQuery(commandId ?? ''), enabled: commandId !== undefined })
  const fate = request && fateOf(request, command.data, app.pipedOnline)
  const open = fate !== undefined && isOpen(fate)
  useTopic(commandId !== undefined && open ? commandTopic(commandId) : undefined)
  useTopic(open ? deploymentsTopic : undefined)
  return {
    strategy: request?.strategy,
    fate,
    unanswered: open && command.error !== null,
    busy: open,
    ask: strategy => {
      if (!open) void ask(id, strategy)
    },
    dismiss: () => {
      if (commandId) queries.removeQueries({ queryKey: keys.command(commandId) })
      set(id, undefined)
    },
  }
}
