import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { CommandSchema, CommandStatus, SyncStrategy } from '~/gen/model/model_pb'
import { fateOf, isOpen } from './fate'

const sent = { strategy: SyncStrategy.AUTO, commandId: 'c' }
const command = (status: CommandStatus, metadata: Record<string, string> = {}) =>
  create(CommandSchema, { id: 'c', status, metadata })

describe('what became of a SYNC', () => {
  it('is asked until the control plane has taken it', () => {
    expect(fateOf({ strategy: SyncStrategy.AUTO }, undefined, true)).toEqual({ kind: 'asking' })
  })

  it('waits for the piped, and says so when that is offline', () => {
    const waiting = command(CommandStatus.COMMAND_NOT_HANDLED_YET)
    expect(fateOf(sent, undefined, true)).toEqual({ kind: 'waiting' })
    expect(fateOf(sent, waiting, true)).toEqual({ kind: 'waiting' })
    expect(fateOf(sent, waiting, false)).toEqual({ kind: 'offline' })
  })

  it('names the deployment that it started', () => {
    const done = command(CommandStatus.COMMAND_SUCCEEDED, { TriggeredDeploymentID: 'd1' })
    expect(fateOf(sent, done, false)).toEqual({ kind: 'started', deploymentId: 'd1' })
    expect(fateOf(sent, command(CommandStatus.COMMAND_SUCCEEDED), true)).toEqual({ kind: 'started', deploymentId: '' })
  })

  it('explains why nothing was started', () => {
    const failed = command(CommandStatus.COMMAND_FAILED, { Reason: 'the file cannot be used' })
    expect(fateOf(sent, failed, true)).toEqual({ kind: 'failed', reason: 'the file cannot be used' })
    expect(fateOf(sent, command(CommandStatus.COMMAND_TIMEOUT), true)).toEqual({ kind: 'lapsed' })
    const error = new Error('no')
    expect(fateOf({ strategy: SyncStrategy.AUTO, error }, undefined, true)).toEqual({ kind: 'notSent', error })
  })

  it('is open exactly until there is an answer', () => {
    const open = (['asking', 'waiting', 'offline'] as const).every(kind => isOpen({ kind }))
    expect(open).toBe(true)
    expect(isOpen({ kind: 'lapsed' })).toBe(false)
    expect(isOpen({ kind: 'started', deploymentId: '' })).toBe(false)
  })
})
