import type { Locale } from './catalog'

// Formats turns values into text of one language. Times are unix milliseconds.
export interface Formats {
  readonly zone: string
  // zoneName is short and right for that day: "GMT+9", "JST", "UTC".
  zoneName(ms: number): string
  number(n: number): string
  percent(n: number): string
  // dateTime is exact, with the zone; for titles and facts.
  dateTime(ms: number): string
  time(ms: number): string
  day(ms: number): string
  // relative says how long before (or after) now the moment is.
  relative(ms: number, now: number): string
  // duration has at most two units: "4 m 10 s".
  duration(ms: number): string
  list(items: readonly string[]): string
}

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const steps: readonly { unit: Intl.RelativeTimeFormatUnit; size: number; below: number }[] = [
  { unit: 'second', size: second, below: minute },
  { unit: 'minute', size: minute, below: hour },
  { unit: 'hour', size: hour, below: day },
  { unit: 'day', size: day, below: 30 * day },
  { unit: 'month', size: 30 * day, below: 365 * day },
  { unit: 'year', size: 365 * day, below: Number.POSITIVE_INFINITY },
]

const units: Record<Locale, readonly [string, string, string, string]> = {
  en: [' d', ' h', ' m', ' s'],
  ja: ['日', '時間', '分', '秒'],
}

// splitDuration returns days, hours, minutes and seconds.
export function splitDuration(ms: number): readonly [number, number, number, number] {
  const total = Number.isFinite(ms) ? Math.max(0, Math.floor(ms / second)) : 0
  return [Math.floor(total / 86400), Math.floor(total / 3600) % 24, Math.floor(total / 60) % 60, total % 60]
}

function duration(ms: number, locale: Locale): string {
  const parts = splitDuration(ms)
  const names = units[locale]
  const first = parts.findIndex(n => n > 0)
  if (first < 0) return `0${names[3]}`
  return parts
    .slice(first, first + 2)
    .map((n, i) => (n > 0 ? `${n}${names[first + i]}` : ''))
    .filter(Boolean)
    .join(' ')
}

function relative(format: Intl.RelativeTimeFormat, ms: number, now: number): string {
  const away = ms - now
  const size = Math.abs(away)
  if (!Number.isFinite(away)) return ''
  // A clock that is a little off must not put things into the future.
  if (size < second || (away > 0 && size < 10 * second)) return format.format(0, 'second')
  const step = steps.find(s => size < s.below)
  return step ? format.format(Math.trunc(away / step.size), step.unit) : ''
}

// tagOf is the browser's own variant of a language: where en-US writes Dec 1,
// en-GB writes 1 Dec.
export function tagOf(locale: Locale, wanted: readonly string[]): string {
  return wanted.find(tag => tag.toLowerCase().split('-')[0] === locale) ?? locale
}

export function newFormats(locale: Locale, timeZone?: string, tag: string = locale): Formats {
  const zone = timeZone ? { timeZone } : {}
  const number = new Intl.NumberFormat(tag)
  const percent = new Intl.NumberFormat(tag, { style: 'percent', maximumFractionDigits: 1 })
  const dateTime = new Intl.DateTimeFormat(tag, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
    ...zone,
  })
  const time = new Intl.DateTimeFormat(tag, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    ...zone,
  })
  const days = new Intl.DateTimeFormat(tag, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    weekday: 'short',
    ...zone,
  })
  const ago = new Intl.RelativeTimeFormat(tag, { numeric: 'auto', style: locale === 'en' ? 'short' : 'long' })
  const list = new Intl.ListFormat(tag, { type: 'conjunction' })
  return {
    zone: dateTime.resolvedOptions().timeZone,
    zoneName: ms => dateTime.formatToParts(ms).find(p => p.type === 'timeZoneName')?.value ?? '',
    number: n => number.format(n),
    percent: n => percent.format(n / 100),
    dateTime: ms => dateTime.format(ms),
    time: ms => time.format(ms),
    day: ms => days.format(ms),
    relative: (ms, now) => relative(ago, ms, now),
    duration: ms => duration(ms, locale),
    list: items => list.format(items),
  }
}
