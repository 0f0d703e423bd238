import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { ApplicationInfoSchema, ApplicationKind, PipedSchema } from '~/gen/model/model_pb'
import { choicesOf, emptyDraft, fieldOf, fitted, keyOf, matching, sourcesOf, startOf } from './form'

const piped = (id: string, more: MessageInitShape<typeof PipedSchema> = {}) =>
  create(PipedSchema, {
    id,
    name: `name of ${id}`,
    startedAt: 1n,
    platformProviders: [
      { name: 'ecs-a', type: 'ECS' },
      { name: 'k8s', type: 'KUBERNETES' },
    ],
    repositories: [{ id: 'shop' }, { id: 'web' }],
    ...more,
  })
const ecs = ApplicationKind.ECS

describe('choices', () => {
  it('ask for a piped first', () => {
    expect(choicesOf(undefined, ecs)).toMatchObject({ whyProvider: 'choosePiped', whyRepository: 'choosePiped' })
  })

  it('are those of the piped, the providers of the kind only', () => {
    expect(choicesOf(piped('p'), ecs)).toEqual({
      providers: ['ecs-a'],
      repositories: ['shop', 'web'],
      whyProvider: undefined,
      whyRepository: undefined,
    })
    expect(choicesOf(piped('p'), ApplicationKind.LAMBDA).whyProvider).toBe('noProvider')
  })

  it('tell a piped that never connected from one that has nothing', () => {
    const never = piped('p', { startedAt: 0n, platformProviders: [], repositories: [] })
    expect(choicesOf(never, ecs)).toMatchObject({ whyProvider: 'neverConnected', whyRepository: 'neverConnected' })
    const poor = piped('p', { platformProviders: [], repositories: [] })
    expect(choicesOf(poor, ecs)).toMatchObject({ whyProvider: 'noProvider', whyRepository: 'noRepository' })
  })

  it('read the providers of agents that call them cloud providers', () => {
    const old = piped('p', { platformProviders: [], cloudProviders: [{ name: 'old', type: 'ecs' }] })
    expect(choicesOf(old, ecs).providers).toEqual(['old'])
  })
})

describe('another piped', () => {
  it('keeps what it has as well and drops what it has not', () => {
    const draft = { ...emptyDraft, name: 'n', path: 'p', pipedId: 'a', provider: 'ecs-a', repoId: 'web' }
    expect(fitted(draft, piped('b'))).toEqual({ ...draft, pipedId: 'b' })
    const other = piped('c', {
      platformProviders: [
        { name: 'x', type: 'ECS' },
        { name: 'y', type: 'ECS' },
      ],
      repositories: [{ id: 'only' }],
    })
    expect(fitted(draft, other)).toMatchObject({ pipedId: 'c', provider: '', repoId: 'only', name: 'n', path: 'p' })
    expect(fitted(draft, undefined)).toMatchObject({ pipedId: '', provider: '', repoId: '' })
  })
})

describe('the form', () => {
  it('opens with the piped of the link, by id or name, or with the only one', () => {
    const two = [piped('a'), piped('b')]
    expect(startOf(two, 'b').pipedId).toBe('b')
    expect(startOf(two, 'name of a').pipedId).toBe('a')
    expect(startOf(two, 'gone').pipedId).toBe('')
    expect(startOf(two, undefined).pipedId).toBe('')
    expect(startOf([piped('a')], undefined)).toMatchObject({
      pipedId: 'a',
      provider: 'ecs-a',
      configFilename: 'app.pipecd.yaml',
      path: '',
    })
  })

  it('finds the field that the control plane calls wrong', () => {
    expect(fieldOf('platform_provider')).toBe('provider')
    expect(fieldOf('piped_id')).toBe('pipedId')
    expect(fieldOf('')).toBeUndefined()
    expect(fieldOf('constructor')).toBeUndefined()
  })
})

describe('suggestions', () => {
  const info = (name: string, pipedId: string) =>
    create(ApplicationInfoSchema, {
      name,
      pipedId,
      repoId: 'shop',
      path: `services/${name}`,
      configFilename: 'app.pipecd.yaml',
    })
  const all = [info('web', 'a'), info('api', 'a'), info('job', 'gone')]

  it('are grouped by a piped that can deploy them', () => {
    const sources = sourcesOf(all, [piped('a'), piped('b')])
    expect(sources.map(s => [s.piped.id, s.found.map(f => f.name)])).toEqual([['a', ['web', 'api']]])
  })

  it('are found by name or place', () => {
    expect(matching(all, ' SERVICES/a').map(s => s.name)).toEqual(['api'])
    expect(matching(all, '')).toHaveLength(3)
  })

  it('have keys of their own', () => {
    expect(new Set(all.map(keyOf)).size).toBe(3)
  })
})
