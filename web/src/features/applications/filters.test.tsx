import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { ApplicationKind, ApplicationSyncStatus } from '~/gen/model/model_pb'
import { CountApplicationsResponseSchema } from '~/gen/pipecd/web/v1/application_pb'
import { facetsOf, filterOf, isNarrowed, listedCount, narrowingsOf, requestOf } from './filters'

const full = {
  name: 'web',
  kind: 'ECS',
  syncStatus: 'OUT_OF_SYNC',
  activeStatus: 'disabled',
  pipedId: 'p1',
  labels: ['team:a', 'env:prod'],
} as const
const filter = { ...full, labels: [...full.labels] }
const counts = create(CountApplicationsResponseSchema, {
  total: 7,
  statuses: [
    { status: ApplicationSyncStatus.SYNCED, count: 5 },
    { status: ApplicationSyncStatus.OUT_OF_SYNC, count: 2 },
  ],
})

describe('a filter', () => {
  it('is taken out of the address', () => {
    expect(filterOf({ ...filter, page: 'x', add: 'manual' } as never)).toEqual(filter)
    expect(filterOf({ labels: [] })).toEqual({})
  })

  it('is what the control plane is asked', () => {
    expect(requestOf(filter)).toEqual({
      name: 'web',
      pipedId: 'p1',
      kinds: [ApplicationKind.ECS],
      syncStatuses: [ApplicationSyncStatus.OUT_OF_SYNC],
      labels: { team: 'a', env: 'prod' },
      disabled: true,
    })
    expect(requestOf({ activeStatus: 'enabled' }).disabled).toBe(false)
    expect(requestOf({})).not.toHaveProperty('disabled')
  })

  it('asks for the status UNKNOWN although that is zero', () => {
    expect(requestOf({ syncStatus: 'UNKNOWN' }).syncStatuses).toEqual([0])
  })

  it('can lose each of its parts', () => {
    const parts = narrowingsOf(filter)
    expect(parts.map(p => `${p.of} ${p.value}`)).toEqual([
      'name web',
      'kind ECS',
      'syncStatus OUT_OF_SYNC',
      'activeStatus disabled',
      'pipedId p1',
      'labels team:a',
      'labels env:prod',
    ])
    const { name: _, ...rest } = filter
    expect(parts[0]?.without).toEqual(rest)
    expect(parts[5]?.without).toEqual({ ...filter, labels: ['env:prod'] })
    expect(narrowingsOf({ labels: ['a:b'] })[0]?.without).toEqual({})
    expect(isNarrowed({})).toBe(false)
  })
})

describe('facets', () => {
  it('are the statuses there are, what needs a look first', () => {
    expect(facetsOf(counts, undefined).map(f => [f.name, f.count])).toEqual([
      ['OUT_OF_SYNC', 2],
      ['SYNCED', 5],
    ])
  })

  it('keep the chosen one when nothing has it', () => {
    expect(facetsOf(counts, 'INVALID_CONFIG')[0]).toMatchObject({ name: 'INVALID_CONFIG', count: 0 })
    expect(facetsOf(undefined, undefined)).toEqual([])
  })

  it('say how long the list is', () => {
    expect(listedCount(counts, undefined)).toBe(7)
    expect(listedCount(counts, 'OUT_OF_SYNC')).toBe(2)
    expect(listedCount(counts, 'DEPLOYING')).toBe(0)
  })
})
