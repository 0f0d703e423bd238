import { now } from './clock'
import { useLiveness, useLiveTab } from './live/react'
import { useStore } from './store'
import { problemOf } from './trouble'

// What of a query says how old its data is.
export interface Reading {
  readonly data: unknown
  readonly error: unknown
  readonly dataUpdatedAt: number
}

// oldSince is the moment up to which data is known to be current, or undefined
// while it is current: the last answer, or the end of the stream that told of
// every change.
export function oldSince(of: Reading, offline: boolean, liveUntil: number, clock: { local: number; server: number }) {
  if (of.data === undefined) return undefined
  const unreachable = of.error !== null && problemOf(of.error).unreachable
  if (!offline && !unreachable) return undefined
  return Math.max(of.dataUpdatedAt - clock.local + clock.server, liveUntil)
}

// useOldSince tells since when what is shown may be old, because the control
// plane cannot be reached.
export function useOldSince(of: Reading): number | undefined {
  const offline = useLiveness() === 'offline'
  const liveUntil = useStore(useLiveTab().liveUntil)
  return oldSince(of, offline, liveUntil, { local: Date.now(), server: now() })
}
