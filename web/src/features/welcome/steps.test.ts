import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { ApplicationSchema } from '~/gen/pipecd/web/v1/application_pb'
import { PipedSchema } from '~/gen/pipecd/web/v1/piped_pb'
import { addPipedCommand, isAllDone, stepsOf } from './steps'

type Inner = NonNullable<MessageInitShape<typeof PipedSchema>['piped']>
const piped = (name: string, more: Omit<Inner, '$typeName'> = {}) =>
  create(PipedSchema, { piped: { id: name, name, ...more } as Inner })
const application = (name: string, deployed = false) =>
  create(ApplicationSchema, {
    application: { id: name, name, ...(deployed && { mostRecentlySuccessfulDeployment: { deploymentId: 'd' } }) },
  })
const states = (k: Partial<Parameters<typeof stepsOf>[0]>) =>
  stepsOf({ pipeds: [], applications: [], suggestions: [], ...k }).map(s => s.state)

describe('the steps', () => {
  it('begin with a piped', () => {
    expect(states({})).toEqual(['now', 'later', 'later', 'later', 'later'])
  })

  it('go on as things happen', () => {
    expect(states({ pipeds: [piped('a')] })).toEqual(['done', 'now', 'later', 'later', 'later'])
    expect(states({ pipeds: [piped('a', { startedAt: 1n })] })).toEqual(['done', 'done', 'now', 'later', 'later'])
    const watching = piped('a', { startedAt: 1n, repositories: [{ id: 'shop' }] as never })
    expect(states({ pipeds: [watching] })).toEqual(['done', 'done', 'done', 'now', 'later'])
    expect(states({ pipeds: [watching], applications: [application('web')] })).toEqual([
      'done',
      'done',
      'done',
      'done',
      'now',
    ])
  })

  it('are all done after the first deployment', () => {
    const watching = piped('a', { startedAt: 1n, repositories: [{ id: 'shop' }] as never })
    const steps = stepsOf({ pipeds: [watching], applications: [application('web', true)], suggestions: [] })
    expect(isAllDone(steps)).toBe(true)
    expect(steps.map(s => s.by)).toEqual([['a'], ['a'], ['shop'], ['web'], ['web']])
  })

  it('do not count a disabled piped', () => {
    expect(states({ pipeds: [piped('a', { disabled: true, startedAt: 1n })] })[0]).toBe('now')
  })
})

describe('commands', () => {
  it('name the place', () => {
    const text = addPipedCommand({ origin: 'http://h:1', project: 'shop', user: 'ann' })
    expect(text).toContain('--address http://h:1 --project shop --username ann')
  })
})
