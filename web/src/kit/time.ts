import { useSyncExternalStore } from 'react'
import { now } from '~/api'

// One timer for each pace serves everybody who shows an age; none runs while
// the page is hidden.
class Ticker {
  private listeners = new Set<() => void>()
  private timer: ReturnType<typeof setInterval> | undefined
  private value = now()
  private readonly every: number

  constructor(every: number) {
    this.every = every
  }

  get = (): number => this.value

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    if (this.listeners.size === 1) this.start()
    return () => {
      this.listeners.delete(listener)
      if (this.listeners.size === 0) this.stop()
    }
  }

  private start(): void {
    this.tick()
    this.timer = setInterval(this.tick, this.every)
    document.addEventListener('visibilitychange', this.tick)
  }

  private stop(): void {
    clearInterval(this.timer)
    document.removeEventListener('visibilitychange', this.tick)
  }

  private tick = (): void => {
    if (document.hidden) return
    this.value = now()
    for (const listener of [...this.listeners]) listener()
  }
}

const fast = new Ticker(1000)
const slow = new Ticker(20_000)

// useNow returns the control plane's time, and again every second, or every 20
// seconds when slow.
export function useNow(pace: 'second' | 'slow' = 'second'): number {
  const ticker = pace === 'second' ? fast : slow
  return useSyncExternalStore(ticker.subscribe, ticker.get)
}
