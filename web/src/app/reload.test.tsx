import { beforeEach, expect, it, vi } from 'vitest'
import { tryAgain } from './reload'

const load = vi.fn()
const answer = (given: () => Promise<Response>) => vi.stubGlobal('fetch', vi.fn(given))

beforeEach(() => {
  load.mockClear()
  sessionStorage.clear()
  return () => vi.unstubAllGlobals()
})

it('stays where it is while the control plane does not answer', async () => {
  answer(() => Promise.reject(new TypeError('Failed to fetch')))
  await tryAgain(true, load)
  answer(async () => new Response(null, { status: 502 }))
  await tryAgain(false, load)
  expect(load).not.toHaveBeenCalled()
})

it('loads the page again when it answers, by itself once a minute only', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  answer(async () => new Response())
  await tryAgain(true, load)
  await tryAgain(true, load)
  expect(load).toHaveBeenCalledTimes(1)
  await tryAgain(false, load)
  expect(load).toHaveBeenCalledTimes(2)
  vi.setSystemTime(Date.now() + 61_000)
  await tryAgain(true, load)
  expect(load).toHaveBeenCalledTimes(3)
  vi.useRealTimers()
})
