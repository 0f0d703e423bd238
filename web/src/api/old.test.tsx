import { Code, ConnectError } from '@connectrpc/connect'
import { describe, expect, it } from 'vitest'
import { oldSince } from './old'

const clock = { local: 100_000, server: 160_000 }
const read = { data: {}, error: null, dataUpdatedAt: 90_000 }
const noAnswer = new ConnectError('no answer', Code.Unavailable)

describe('old data', () => {
  it('is none while the control plane answers', () => {
    expect(oldSince(read, false, 0, clock)).toBeUndefined()
    expect(oldSince({ ...read, error: new ConnectError('no', Code.NotFound) }, false, 0, clock)).toBeUndefined()
  })

  it('is as old as the last answer, by the clock of the control plane', () => {
    expect(oldSince(read, true, 0, clock)).toBe(150_000)
    expect(oldSince({ ...read, error: noAnswer }, false, 0, clock)).toBe(150_000)
  })

  it('is as old as the end of the stream, which told of every change', () => {
    expect(oldSince(read, true, 155_000, clock)).toBe(155_000)
    expect(oldSince(read, true, 120_000, clock)).toBe(150_000)
  })

  it('is not said of what was never read', () => {
    expect(oldSince({ ...read, data: undefined, error: noAnswer }, true, 0, clock)).toBeUndefined()
  })
})
