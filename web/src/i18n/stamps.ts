import type { Formats } from './format'

const stamp = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g

// piecesOf cuts a text at the times in it, which come as milliseconds. Programs
// write them in RFC 3339: "2026-11-30T21:47:35Z".
export function piecesOf(text: string): (string | number)[] {
  const out: (string | number)[] = []
  let at = 0
  for (const { 0: found, index } of text.matchAll(stamp)) {
    const ms = Date.parse(found)
    if (Number.isNaN(ms)) continue
    out.push(text.slice(at, index), ms)
    at = index + found.length
  }
  out.push(text.slice(at))
  return out.filter(p => p !== '')
}

// shortTime is the time of day in the reader's zone; with the date and the zone
// when it is of another day than what stands beside it.
export function shortTime(ms: number, beside: number, f: Formats): string {
  return f.day(ms) === f.day(beside) ? f.time(ms) : f.dateTime(ms)
}

// localTimes writes the times in a text in the reader's zone.
export function localTimes(text: string, beside: number, f: Formats): string {
  return piecesOf(text)
    .map(p => (typeof p === 'string' ? p : shortTime(p, beside, f)))
    .join('')
}
