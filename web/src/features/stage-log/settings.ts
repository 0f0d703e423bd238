import { Store, useStore } from '~/api'

// Settings are how a person likes to read logs; kept in the browser.
export interface Settings {
  readonly wrap: boolean
  readonly sinceStart: boolean
  readonly height: number // px; 0 is as the page has room
}

const key = 'log'
const initial: Settings = { wrap: false, sinceStart: false, height: 0 }
export const heights = { least: 160, most: 2000, step: 72 } as const

function load(): Settings {
  try {
    const raw = JSON.parse(localStorage.getItem(key) ?? '{}') as Partial<Settings>
    const height = Number(raw.height)
    return {
      wrap: raw.wrap === true,
      sinceStart: raw.sinceStart === true,
      height: Number.isFinite(height) && height > 0 ? within(height) : 0,
    }
  } catch {
    return initial
  }
}

export function within(height: number): number {
  return Math.round(Math.min(heights.most, Math.max(heights.least, height)))
}

const settings = new Store<Settings>(load())

export function useSettings(): Settings {
  return useStore(settings)
}

export function changeSettings(change: Partial<Settings>): void {
  const next = { ...settings.get(), ...change }
  settings.set(next)
  localStorage.setItem(key, JSON.stringify(next))
}
