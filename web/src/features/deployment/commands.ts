import { useCallback, useState } from 'react'
import { api } from '~/api'
import { CommandStatus } from '~/gen/model/model_pb'
import { Rollback } from '~/gen/pipecd/web/v1/deployment_pb'

// Asked is something a person asked the agent to do with this deployment.
export interface Asked {
  readonly key: string
  readonly kind: 'cancel' | 'approve' | 'skip' | 'rollBack'
  readonly stageId: string
  readonly stageName: string
  // Of the command, once the control plane took it.
  readonly id: string
  readonly error?: unknown
}

export type Ask =
  | { kind: 'cancel'; rollback: Rollback }
  | { kind: 'rollBack' }
  | { kind: 'approve' | 'skip'; stageId: string; stageName: string }

export interface Commands {
  readonly asked: readonly Asked[]
  ask(what: Ask): Promise<void>
  dismiss(key: string): void
}

// worthSaying leaves out what needs nobody any more: what was accepted, once
// something else was asked for or the deployment has ended, unless it leads to another. What is not known of
// an answer yet is told of the newest only.
export function worthSaying(
  asked: readonly Asked[],
  statuses: readonly (CommandStatus | undefined)[],
  ended: boolean,
): readonly Asked[] {
  return asked.filter((a, i) => {
    const status = statuses[i]
    if (a.error !== undefined) return true
    if (status !== undefined && status !== CommandStatus.COMMAND_SUCCEEDED) return true
    return i === asked.length - 1 && (!ended || a.kind === 'rollBack')
  })
}

// What was asked in this tab stays on the page, also when it is loaded again.
const storageKey = (deploymentId: string) => `asked:${deploymentId}`

function load(deploymentId: string): readonly Asked[] {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(storageKey(deploymentId)) ?? '[]')
    return Array.isArray(stored) ? stored.filter(a => typeof a?.id === 'string' && a.id !== '') : []
  } catch {
    return []
  }
}

function save(deploymentId: string, asked: readonly Asked[]): void {
  const sent = asked.filter(a => a.id)
  if (sent.length === 0) sessionStorage.removeItem(storageKey(deploymentId))
  else sessionStorage.setItem(storageKey(deploymentId), JSON.stringify(sent))
}

let next = 1

// useCommands sends what a person asks for and remembers it. Nothing is assumed
// done: what became of it is asked of the control plane (Fate).
export function useCommands(deploymentId: string): Commands {
  const [asked, setAsked] = useState(() => load(deploymentId))
  const change = useCallback(
    (how: (before: readonly Asked[]) => readonly Asked[]) =>
      setAsked(before => {
        const after = how(before)
        save(deploymentId, after)
        return after
      }),
    [deploymentId],
  )
  const ask = useCallback(
    async (what: Ask) => {
      const key = `${Date.now()}-${next++}`
      const stage =
        what.kind === 'cancel' || what.kind === 'rollBack'
          ? { stageId: '', stageName: '' }
          : { stageId: what.stageId, stageName: what.stageName }
      // The same asked before has its answer, or gets it by this one.
      const others = (a: Asked) => a.kind !== what.kind || a.stageId !== stage.stageId
      change(before => [...before.filter(others), { key, kind: what.kind, ...stage, id: '' }])
      const result = await send(deploymentId, what).then(
        id => ({ id }),
        (error: unknown) => ({ error }),
      )
      change(before => before.map(a => (a.key === key ? { ...a, ...result } : a)))
    },
    [deploymentId, change],
  )
  const dismiss = useCallback((key: string) => change(before => before.filter(a => a.key !== key)), [change])
  return { asked, ask, dismiss }
}

async function send(deploymentId: string, what: Ask): Promise<string> {
  switch (what.kind) {
    case 'cancel':
      return (await api.cancelDeployment({ deploymentId, rollback: what.rollback })).commandId
    case 'rollBack':
      return (await api.rollBackTo({ deploymentId })).commandId
    case 'approve':
      return (await api.approveStage({ deploymentId, stageId: what.stageId })).commandId
    case 'skip':
      return (await api.skipStage({ deploymentId, stageId: what.stageId })).commandId
  }
}

export { Rollback }
