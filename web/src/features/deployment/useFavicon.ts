import { useEffect } from 'react'
import type { Tone } from '~/kit'

// Of the browser's own surface, which knows no theme of ours: colours that show on both.
const colours: Record<Tone, string> = {
  ok: '#1f9d57',
  bad: '#d9363e',
  warn: '#c98500',
  run: '#3b7cf0',
  idle: '#7a8494',
}

// useFavicon makes the tab's picture a dot in the state's colour, hollow while
// the state will change, and puts the usual one back.
export function useFavicon(tone: Tone, over: boolean): void {
  useEffect(() => {
    const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
    if (!link) return
    const before = link.href
    const look = over ? `fill="${colours[tone]}"` : `fill="none" stroke="${colours[tone]}" stroke-width="4"`
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="${over ? 7 : 5}" ${look}/></svg>`
    link.href = `data:image/svg+xml,${encodeURIComponent(svg)}`
    return () => {
      link.href = before
    }
  }, [tone, over])
}
