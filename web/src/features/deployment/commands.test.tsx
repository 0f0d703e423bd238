import { describe, expect, it } from 'vitest'
import { CommandStatus } from '~/gen/model/model_pb'
import { type Asked, worthSaying } from './commands'

const C = CommandStatus
const asked = (kind: Asked['kind'], more: Partial<Asked> = {}): Asked => ({
  key: kind,
  kind,
  stageId: '',
  stageName: '',
  id: kind,
  ...more,
})
const [approve, skip, cancel] = [asked('approve'), asked('skip'), asked('cancel')]
const kinds = (...args: Parameters<typeof worthSaying>) => worthSaying(...args).map(a => a.kind)

describe('what became of what was asked for', () => {
  it('is told of the newest, when all was accepted', () => {
    const all = [C.COMMAND_SUCCEEDED, C.COMMAND_SUCCEEDED, C.COMMAND_SUCCEEDED]
    expect(kinds([approve, skip, cancel], all, false)).toEqual(['cancel'])
  })

  it('is told as long as it needs somebody', () => {
    const statuses = [C.COMMAND_FAILED, C.COMMAND_TIMEOUT, C.COMMAND_NOT_HANDLED_YET]
    expect(kinds([approve, skip, cancel], statuses, true)).toEqual(['approve', 'skip', 'cancel'])
    const notSent = asked('approve', { id: '', error: new Error('no') })
    expect(kinds([notSent, cancel], [undefined, C.COMMAND_SUCCEEDED], true)).toEqual(['approve'])
  })

  it('is gone when the deployment has ended', () => {
    expect(kinds([cancel], [C.COMMAND_SUCCEEDED], true)).toEqual([])
  })

  it('is not guessed of earlier ones that are not read yet', () => {
    expect(kinds([approve, cancel], [undefined, undefined], false)).toEqual(['cancel'])
    expect(kinds([approve, cancel], [undefined, undefined], true)).toEqual([])
  })
})
